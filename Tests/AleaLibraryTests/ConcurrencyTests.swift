import Alea
import Synchronization
import Testing

/// Sessions in concurrent programs.
@Suite struct ConcurrencyTests {
  private static let walk = """
    mdp Walk(n: Int = 200) {
      state x: 0..n = 0
      action go: {left, right}
      win ~ Bernoulli(0.6)
      x' = if go == left then max(0, x - 1) else if win then min(n, x + 1) else x
      reward if x == n then 1 else 0
      discount 0.99999999
    }
    """

  /// Without anybody who stops it this takes hours.
  private static let endless = "solve(Walk, by: ValueIteration(tolerance: 1e-9))"

  @Test(.timeLimit(.minutes(2))) func cancellingTheTaskStopsTheWork() async throws {
    let began = Atomic<Bool>(false)
    let task = Task {
      let session = Session()
      _ = try await session.enter(Self.walk)
      began.store(true, ordering: .relaxed)
      do {
        _ = try await session.evaluating(Self.endless)
        return "finished"
      } catch is WorkCancelled {
        // The session lives on, also in a task that was cancelled.
        return try session.number("size(Walk).states") == 201 ? "stopped" : "broken"
      }
    }
    while !began.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(10)) }
    try await Task.sleep(for: .milliseconds(400))
    task.cancel()
    #expect(try await task.value == "stopped")
  }

  @Test(.timeLimit(.minutes(2))) func aCancelledTaskDoesNotBegin() async throws {
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      let session = Session()
      return try await session.evaluating("1 + 1")
    }
    task.cancel()
    await #expect(throws: WorkCancelled.self) { try await task.value }
  }

  @Test(.timeLimit(.minutes(2))) func progressIsHeardAndMayStop() throws {
    let heard = Atomic<Int>(0)
    try withExtendedLifetime(heard) {
      let counter = Counter()
      let session = Session(progress: { _ in counter.next() < 3 })
      try session.enter(Self.walk) { _ in }
      #expect(throws: WorkCancelled.self) { try session.evaluate(Self.endless) }
      #expect(counter.count >= 3)
    }
  }

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
  }

  @Test(.timeLimit(.minutes(2))) func cancellationFromAThreadAndItsLimits() async throws {
    let session = Session()
    let stop = session.cancellation
    // Before any work there is nothing to cancel.
    stop.cancel()
    _ = try await session.enter(Self.walk)
    let timer = Task.detached {
      try await Task.sleep(for: .milliseconds(300))
      stop.cancel()
    }
    await #expect(throws: WorkCancelled.self) { try await session.evaluating(Self.endless) }
    try await timer.value
    #expect(try session.number("size(Walk).states") == 201)
  }

  @Test(.timeLimit(.minutes(3))) func manySessionsAtOnceAgree() async throws {
    let answers = try await withThrowingTaskGroup(of: [Double].self) { group in
      for index in 0..<16 {
        group.addTask {
          let session = Session()
          session.configuration.threads = 1 + index % 2
          _ = try await session.enter(Self.walk + "\nimport std.policies")
          _ = try await session.enter(
            "bandit B {\n action a: 0..1\n reward ~ Bernoulli(if a == 0 then 0.4 else 0.6)\n horizon 300\n}")
          var found: [Double] = []
          for n in [20, 40] { found.append(try session.number("solve(Walk(n: \(n))).start")) }
          found.append(try session.number("simulate(B, [UCB1()], replications: 100, seed: 3).mean[0]"))
          let finite = try FiniteProcess(states: 2, actions: 1, objective: .discounted(0.5)) { state, _ in
            [.init(state: 1 - state, probability: 1, reward: Double(state))]
          }
          found.append(try await session.solving(finite).value.atStart)
          return found
        }
      }
      return try await group.reduce(into: [[Double]]()) { $0.append($1) }
    }
    #expect(answers.count == 16)
    #expect(Set(answers).count == 1)
    // 0, 1, 0, 1, ... discounted by half: 1/2 / (1 - 1/4).
    #expect(abs((answers.first?.last ?? 0) - 2.0 / 3) < 1e-6)
  }
}
