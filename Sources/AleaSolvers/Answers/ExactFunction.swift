import AleaEngine
import AleaModel

/// The exact value of every state, as the text of a fraction.
///
///     best.exact.start
///     best.exact[stock: 0]
public struct ExactFunction: ObjectValue {
  public let explored: ExploredProcess
  public let values: [ExactValue]
  /// The states whose values were not asked for.
  private let unknown: Set<Int>

  /// - Parameters:
  ///   - values: one for each state.
  ///   - unknown: the states that were not asked about, whose entries say nothing.
  public init(_ values: [ExactValue], of explored: ExploredProcess, unknown: Set<Int> = []) {
    self.values = values
    self.explored = explored
    self.unknown = unknown
  }

  /// The expectation under the starting law; states of probability zero do not count.
  public var atStart: ExactValue {
    let law = explored.sparse.exact?.initial ?? []
    var sum = Rational.zero
    for (pair, weight) in zip(explored.sparse.initial, law) where !weight.isZero {
      guard case .finite(let number) = values[Int(pair.state)] else { return values[Int(pair.state)] }
      sum += weight * number
    }
    return .finite(sum)
  }

  public var typeName: String { "exact values by state" }
  public var description: String { atStart.description }
  public var members: [(name: String, summary: String)] { [("start", "the value of the starting law, as a fraction")] }

  public func member(_ name: String) throws -> Value? {
    name == "start" ? .string(atStart.description) : nil
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    let (state, _) = try StateNaming(explored).state(for: arguments, stages: 1)
    if unknown.contains(state) {
      throw ValueError("the value of this state was not asked for", label: "", notes: ["`filter(first, ..., state)` asks for it"])
    }
    return .string(values[state].description)
  }

  public func symbol(named name: String) -> Value? { explored.process.symbolValue(named: name) }
}

extension SparseSolution {
  /// The exact values as an object of the language, when they are known.
  func exactValues(of explored: ExploredProcess) -> ExactFunction? {
    if let exact { return ExactFunction(exact, of: explored) }
    if exactAt.isEmpty { return nil }
    let states = 0..<explored.sparse.stateCount
    return ExactFunction(
      states.map { exactAt[$0] ?? .finite(.zero) }, of: explored, unknown: Set(states.filter { exactAt[$0] == nil }))
  }
}
