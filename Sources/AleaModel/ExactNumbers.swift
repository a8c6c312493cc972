import Synchronization

/// Where the numbers of a model come from: each double that stands for another number, with the literal or operation that made it.
///
/// Models are elaborated with doubles, which hold 0.1 and 1/3 only approximately. What is noted here while that happens lets
/// ``ExactConstants`` find the decimals and fractions that are meant. Whole numbers need no note.
public final class ExactNumbers: Sendable {
  /// What made a number.
  public enum Origin: Hashable, Sendable {
    case literal
    case unary(UnaryFunction)
    case binary(BinaryFunction)
    case ternary(TernaryFunction)
  }

  /// One step of a calculation with doubles.
  public struct Note: Hashable, Sendable {
    public let origin: Origin
    public let operands: [Double]
    public let result: Double
  }

  private struct State: Sendable {
    var notes: [Note] = []
    var known = Set<Note>()
    var isFull = false
  }

  private let state = Mutex(State())
  /// A program that computes more distinct numbers than this cannot be followed.
  private static let mostNotes = 1_000_000

  /// Nothing noted yet.
  public init() {}

  /// Notes how a number came about, unless it is a whole number, which doubles hold exactly.
  public func note(_ origin: Origin, _ operands: [Double] = [], _ result: Double) {
    if result.rounded() == result && result.magnitude < 0x1p53 && !Self.losesDigits(origin, operands) { return }
    let note = Note(origin: origin, operands: operands, result: result)
    state.withLock { state in
      if state.isFull || !state.known.insert(note).inserted { return }
      state.notes.append(note)
      if state.notes.count >= Self.mostNotes { state.isFull = true }
    }
  }

  /// Whether a whole result may stand for another number: that of an operation on numbers that are not whole.
  private static func losesDigits(_ origin: Origin, _ operands: [Double]) -> Bool {
    switch origin {
    case .unary(.not), .unary(.sign), .unary(.floor), .unary(.ceil), .unary(.round): false
    case .binary(let function) where function.isComparison || function == .and || function == .or: false
    default: operands.contains { $0.rounded() != $0 }
    }
  }

  /// How many notes there are.
  public var count: Int { state.withLock { $0.notes.count } }

  /// Drops the notes after the first `count`: those of calculations that nothing later refers to.
  public func forget(after count: Int) {
    state.withLock { state in
      guard state.notes.count > count else { return }
      for note in state.notes[count...] { state.known.remove(note) }
      state.notes.removeSubrange(count...)
      state.isFull = false
    }
  }

  /// Everything noted, in order of time; nil when there was too much.
  public var notes: [Note]? { state.withLock { $0.isFull ? nil : $0.notes } }
}
