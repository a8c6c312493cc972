import AleaModel

@testable import AleaSolvers

/// Random processes of the kinds that undiscounted methods get wrong.
enum RandomKind: CaseIterable {
  /// Every choice may end.
  case ending
  /// Anything goes: several classes, terminal states, rewards of both signs.
  case mixed
  /// Many choices without reward that stay.
  case restful
  /// Costs only.
  case costly
  /// Gains only.
  case gainful
  /// Choices that differ by a billionth.
  case tied
  /// Random walks that leave with probability 2^-20 a round.
  case slow
  /// Each choice has one successor.
  case deterministic

  func process(_ generator: inout SeededGenerator, maximizes: Bool, criterion: Objective.Criterion, maxStates: Int = 5)
    -> SparseProcess
  {
    let count = Int.random(in: 1...maxStates, using: &generator)
    var policies = 1
    let states = (0..<count).map { state -> [(reward: Double, row: [(Int, Double)])] in
      if Int.random(in: 0..<5, using: &generator) == 0 { return [] }
      let choices = min(Int.random(in: 1...3, using: &generator), max(1, 40 / policies))
      policies *= choices
      return (0..<choices).map { _ in (reward(&generator), row(from: state, of: count, &generator)) }
    }
    var hand = HandProcess(states: states)
    if self == .ending && !hand.states.contains(where: { $0.isEmpty }) { hand.states[count - 1] = [] }
    return hand.sparse(Objective(criterion: criterion, maximizes: maximizes))
  }

  private func reward(_ generator: inout SeededGenerator) -> Double {
    switch self {
    case .restful: return Int.random(in: 0..<3, using: &generator) > 0 ? 0 : Double(Int.random(in: -2...2, using: &generator))
    case .costly: return -Double(Int.random(in: 0...3, using: &generator))
    case .gainful: return Double(Int.random(in: 0...1, using: &generator)) * Double.random(in: 0...1, using: &generator)
    case .tied: return [1, 1 + 1e-9, 1 - 1e-9, -1, -1 + 1e-9, 0].randomElement(using: &generator)!
    case .ending, .mixed: return Double.random(in: -2...1, using: &generator)
    case .slow, .deterministic: return Double(Int.random(in: -2...2, using: &generator))
    }
  }

  private func row(from state: Int, of count: Int, _ generator: inout SeededGenerator) -> [(Int, Double)] {
    if self == .deterministic { return [(Int.random(in: 0..<count, using: &generator), 1)] }
    var weights: [Int: Double] = [:]
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      weights[Int.random(in: 0..<count, using: &generator), default: 0] += Double(Int.random(in: 1...4, using: &generator))
    }
    if self == .ending { weights[count - 1, default: 0] += 1 }
    if self == .slow {
      // Nearly all mass on one neighbour and the state itself.
      weights = weights.mapValues { _ in 0x1p-20 }
      weights[max(0, state - 1), default: 0] += 1
      weights[state, default: 0] += 1
    }
    // Dictionaries have no fixed order: sorted, the same seed gives the same process.
    let total = weights.values.sorted().reduce(0, +)
    return weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value / total) }
  }
}
