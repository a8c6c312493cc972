import CLanes
import Dispatch
import Foundation
import Synchronization

/// Threads that stay awake between one loop and the next, so that a loop of a tenth of a millisecond is worth sharing.
///
/// Starting threads through a queue costs tens of microseconds, as much as half a sweep over ten thousand states. The members of this
/// team watch for work for a moment before they sleep, and each takes the same part of the range every time, which is then still in its
/// core's cache. A member that comes late or is held up by other work on the machine loses its part to the others.
final class WorkerTeam: Sendable {
  static let shared = WorkerTeam()

  /// Most threads one loop is shared among.
  static let limit = 64

  /// How long a member watches for work before it sleeps, in turns of its watching loop (about a tenth of a millisecond).
  private static let patience = 4000

  /// The loop that is open to members: its number times 256 (odd while it is open), plus how many members are inside.
  private let door = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let job = Job()
  private let members = Members()

  /// Calls `body` for `0 ..< count`, each once, on the caller and on members of the team; false where the team serves another caller.
  func perform(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) -> Bool {
    guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
    defer { busy.store(false, ordering: .releasing) }
    let parts = min(threads, count, Self.limit)
    withoutActuallyEscaping(body) { body in
      job.set(body, count: count, parts: parts)
      let opened = (door.load(ordering: .relaxed) >> 8) + 1
      door.store(opened << 8, ordering: .sequentiallyConsistent)
      for member in 1..<parts { wake(member) }
      job.work(startingWith: 0)
      // No member enters from here on; those inside finish what they have in hand.
      _ = door.wrappingAdd(1 << 8, ordering: .acquiringAndReleasing)
      var turns = 0
      while door.load(ordering: .acquiring) & 255 != 0 { Self.pause(&turns) }
      job.clear()
    }
    return true
  }

  /// Makes sure that a member exists and is awake.
  private func wake(_ member: Int) {
    if members.count < member {
      members.add()
      Thread.detachNewThread { [self] in serve(member) }
    } else if members[member].isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
      members[member].bell.signal()
    }
  }

  /// The life of a member: watch the door, enter each open loop once, sleep when nothing comes.
  private func serve(_ member: Int) -> Never {
    let me = members[member]
    var (last, turns) = (0, 0)
    while true {
      let seen = door.load(ordering: .acquiring)
      let number = seen >> 8
      if number & 1 == 1, number != last {
        guard door.compareExchange(expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing).exchanged else {
          continue
        }
        last = number
        turns = 0
        if member < job.parts { job.work(startingWith: member) }
        door.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      } else if turns < Self.patience {
        turns += 1
        lanes_pause()
      } else {
        turns = 0
        me.isAsleep.store(true, ordering: .sequentiallyConsistent)
        let again = door.load(ordering: .sequentiallyConsistent) >> 8
        let isOpen = again & 1 == 1 && again != last
        // The bell is rung exactly when the caller was the one to take the sign down.
        if !isOpen || !me.isAsleep.exchange(false, ordering: .sequentiallyConsistent) { me.bell.wait() }
      }
    }
  }

  /// Waits a moment; gives the core away when it has waited long.
  private static func pause(_ turns: inout Int) {
    turns += 1
    if turns < patience { lanes_pause() } else { sched_yield() }
  }
}

extension WorkerTeam {
  /// The loop at hand: a part of the range for each thread, and what is left of each part.
  ///
  /// Written by the caller alone while the door is closed, and read by the members inside.
  private final class Job: @unchecked Sendable {
    private(set) var parts = 0
    private var body: (@Sendable (Int) -> Void)?
    private let taken = UnsafeMutablePointer<Slot>.allocate(capacity: WorkerTeam.limit)
    private var ends = [Int](repeating: 0, count: WorkerTeam.limit)

    init() {
      for part in 0..<WorkerTeam.limit { (taken + part).initialize(to: Slot()) }
    }

    func set(_ body: @escaping @Sendable (Int) -> Void, count: Int, parts: Int) {
      self.body = body
      self.parts = parts
      for part in 0..<parts {
        taken[part].next.store(count * part / parts, ordering: .relaxed)
        ends[part] = count * (part + 1) / parts
      }
    }

    func clear() { body = nil }

    /// Does one's own part, then what is left of the others'.
    func work(startingWith own: Int) {
      guard let body else { return }
      for offset in 0..<parts {
        let part = (own + offset) % parts
        let end = ends[part]
        while true {
          let index = taken[part].next.wrappingAdd(1, ordering: .relaxed).oldValue
          if index >= end { break }
          body(index)
        }
      }
    }
  }

  /// A counter on a cache line of its own.
  private struct Slot: ~Copyable {
    let next = Atomic<Int>(0)
    let padding = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  }

  /// What the caller and a member tell each other about sleeping.
  private final class Member: Sendable {
    let isAsleep = Atomic<Bool>(false)
    let bell = DispatchSemaphore(value: 0)
  }

  /// The members so far, numbered from 1; only a caller that holds the team adds to them.
  private final class Members: @unchecked Sendable {
    private(set) var count = 0
    private let all = (0..<WorkerTeam.limit).map { _ in Member() }

    subscript(_ number: Int) -> Member { all[number] }

    func add() { count += 1 }
  }
}
