import AleaModel

/// Random processes of mixed kinds, each awkward in its own way; equal seeds give equal processes.
enum RandomProcesses {
  /// What is special about a process.
  enum Kind: Int, CaseIterable, Sendable {
    case plain, nearTies, cycles, terminals, duplicates, hugeAndTiny, rareTransitions, uneven, tinyRewards, single
  }

  static let discounts: [Double] = [0, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]

  /// A discounted process of a kind; seeds go through the discounts in turn.
  static func discounted(_ kind: Kind, seed: Int) -> SparseProcess {
    make(kind, seed: seed, criterion: .discounted(discounts[seed % discounts.count]))
  }

  /// A process of a kind with any criterion.
  static func make(_ kind: Kind, seed: Int, criterion: Objective.Criterion) -> SparseProcess {
    var random = TestRandom(seed: UInt64(seed) &* 1_000_003 &+ UInt64(kind.rawValue))
    let count = kind == .single ? 1 : Int.random(in: 1...12, using: &random)
    let scale: Double = kind == .tinyRewards ? 1e-9 : 1
    var states: [[ProcessBuilder.Choice]] = []
    for state in 0..<count {
      if kind == .terminals, state > 0, Int.random(in: 0..<3, using: &random) == 0 {
        states.append([])
        continue
      }
      var choices: [ProcessBuilder.Choice] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        var reward = scale * Double.random(in: -1...1, using: &random)
        if kind == .hugeAndTiny { reward *= [1e9, 1, 1e-6][Int.random(in: 0..<3, using: &random)] }
        if Int.random(in: 0..<6, using: &random) == 0 { reward = 0 }
        choices.append((reward, row(kind, state: state, count: count, using: &random)))
      }
      if kind == .nearTies, let first = choices.first {
        choices.append((first.reward.nextUp, first.transitions))
        choices.append((first.reward - 1e-13, first.transitions))
      }
      if kind == .duplicates { choices += choices }
      states.append(choices)
    }
    return ProcessBuilder(states: states, criterion: criterion, maximizes: Bool.random(using: &random)).process
  }

  private static func row(
    _ kind: Kind, state: Int, count: Int, using random: inout TestRandom
  ) -> [(state: Int, probability: Double)] {
    if kind == .cycles { return [((state + Int.random(in: 1...2, using: &random)) % count, 1)] }
    let width = Int.random(in: 1...min(count, 5), using: &random)
    let successors = Array(0..<count).shuffled(using: &random).prefix(width)
    var weights = successors.map { _ in Double.random(in: 0.01...1, using: &random) }
    if kind == .rareTransitions { for index in weights.indices.dropFirst() { weights[index] *= 1e-10 } }
    let total = weights.reduce(0, +)
    var row = zip(successors, weights).map { (state: $0, probability: $1 / total) }
    // Rows need not sum to one better than rounding leaves them; these are off by more.
    if kind == .uneven {
      for index in row.indices { row[index].probability *= 1 - 1e-13 * Double.random(in: -1...1, using: &random) }
    }
    return row
  }
}
