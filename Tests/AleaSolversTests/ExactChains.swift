import AleaModel

@testable import AleaSolvers

extension ExactRational {
  var isZero: Bool { numerator == 0 }
  var magnitude: ExactRational { self < .zero ? -self : self }
  /// Whether computed bounds hold.
  func isAtLeast(_ bound: Double) -> Bool { bound == -.infinity || (bound.isFinite && ExactRational(bound) <= self) }
  func isAtMost(_ bound: Double) -> Bool { bound == .infinity || (bound.isFinite && ExactRational(bound) >= self) }
}

/// An exact value that may be infinite.
enum ExactValue: Comparable, CustomStringConvertible {
  case minusInfinity
  case finite(ExactRational)
  case plusInfinity

  /// Whether it lies in the interval; infinite values must be reported as such.
  func lies(in lower: Double, _ upper: Double) -> Bool {
    switch self {
    case .minusInfinity: lower == -.infinity
    case .plusInfinity: upper == .infinity
    case .finite(let value): value.isAtLeast(lower) && value.isAtMost(upper)
    }
  }
  var description: String {
    switch self {
    case .minusInfinity: "-inf"
    case .plusInfinity: "inf"
    case .finite(let value): "\(value)"
    }
  }
}

/// The chain of one deterministic policy, in exact arithmetic; rows are divided by their sum.
struct ExactChain {
  let count: Int
  /// nil for terminal states.
  var row: [[Int: ExactRational]?]
  var reward: [ExactRational]
  /// The recurrent class of each state; -1 for states that are left for good.
  private(set) var classOf: [Int] = []
  private(set) var classes: [[Int]] = []

  init(_ process: SparseProcess, _ policy: [Int]) {
    count = process.stateCount
    let total = process.totalReward()
    row = []
    reward = []
    for state in 0..<count {
      guard policy[state] >= 0 else {
        row.append(nil)
        reward.append(ExactRational(0))
        continue
      }
      var entries: [Int: ExactRational] = [:]
      var sum = ExactRational(0)
      for k in process.transitions(of: policy[state]) {
        let p = ExactRational(process.probability[k])
        entries[Int(process.successor[k])] = p
        sum = sum + p
      }
      row.append(entries.mapValues { ($0 / sum).reduced })
      reward.append(ExactRational(total[policy[state]]))
    }
    findClasses()
  }

  private mutating func findClasses() {
    var reaches = (0..<count).map { i in (0..<count).map { $0 == i } }
    for i in 0..<count { for j in (row[i] ?? [:]).keys { reaches[i][j] = true } }
    for k in 0..<count {
      for i in 0..<count where reaches[i][k] { for j in 0..<count where reaches[k][j] { reaches[i][j] = true } }
    }
    classOf = [Int](repeating: -1, count: count)
    for i in 0..<count where classOf[i] < 0 && (0..<count).allSatisfy({ !reaches[i][$0] || reaches[$0][i] }) {
      let members = (0..<count).filter { reaches[i][$0] }
      for member in members { classOf[member] = classes.count }
      classes.append(members)
    }
  }

  /// Solves `x = b + P x` on the transient states, given `x` on the recurrent ones.
  private func solve(_ constant: (Int) -> ExactRational, recurrent: (Int) -> ExactRational, among unknown: [Int]) -> [Int:
    ExactRational]
  {
    let n = unknown.count
    var place: [Int: Int] = [:]
    for (position, state) in unknown.enumerated() { place[state] = position }
    var matrix = (0..<n).map { i in (0..<n).map { $0 == i ? ExactRational.one : ExactRational.zero } }
    var right = [ExactRational](repeating: .zero, count: n)
    for (i, state) in unknown.enumerated() {
      right[i] = constant(state)
      for (target, p) in row[state] ?? [:] {
        if let j = place[target] { matrix[i][j] = matrix[i][j] - p } else { right[i] += p * recurrent(target) }
      }
    }
    let solved = ExactLinear.solve(matrix, right) ?? []
    return Dictionary(uniqueKeysWithValues: zip(unknown, solved))
  }

  /// The long-run average reward of a recurrent class, by the return to its first state.
  func mean(_ number: Int) -> ExactRational {
    let members = classes[number]
    guard let step = row[members[0]] else { return ExactRational(0) }
    let others = Array(members.dropFirst())
    let earned = solve({ reward[$0] }, recurrent: { _ in ExactRational(0) }, among: others)
    let lasting = solve({ _ in ExactRational(1) }, recurrent: { _ in ExactRational(0) }, among: others)
    var gain = reward[members[0]]
    var time = ExactRational(1)
    for (target, p) in step where target != members[0] {
      gain = gain + p * earned[target]!
      time = time + p * lasting[target]!
    }
    return gain / time
  }

  private var transient: [Int] { (0..<count).filter { classOf[$0] < 0 } }

  func gains() -> [ExactRational] {
    let means = classes.indices.map { mean($0) }
    let passing = solve({ _ in ExactRational(0) }, recurrent: { means[classOf[$0]] }, among: transient)
    return (0..<count).map { classOf[$0] < 0 ? passing[$0]! : means[classOf[$0]] }
  }

  /// The probability of reaching targets, which must be terminal in this chain.
  func reaching(_ target: Set<Int>) -> [ExactRational] {
    func one(_ state: Int) -> ExactRational { ExactRational(target.contains(state) ? 1 : 0) }
    let passing = solve({ _ in ExactRational(0) }, recurrent: one, among: transient)
    return (0..<count).map { classOf[$0] < 0 ? passing[$0]! : one($0) }
  }

  /// Expected totals: minus infinity where a losing class can be reached, else plus infinity where a gaining one can; nil where the
  /// total does not settle because gains and losses of a class cancel, up to what no computation in doubles can tell apart.
  func totals() -> [ExactValue?] {
    let means = classes.indices.map { mean($0) }
    let unsettled = classes.indices.map { number in
      means[number].magnitude < ExactRational(1e-13) && classes[number].contains { row[$0] != nil && !reward[$0].isZero }
    }
    func reached(_ wanted: (Int) -> Bool) -> [Bool] {
      var reached = (0..<count).map { classOf[$0] >= 0 && wanted(classOf[$0]) }
      for _ in 0..<count {
        for state in 0..<count where !reached[state] { reached[state] = (row[state] ?? [:]).keys.contains { reached[$0] } }
      }
      return reached
    }
    let losing = reached { means[$0] < ExactRational(0) }
    let gaining = reached { means[$0] > ExactRational(0) }
    let open = reached { unsettled[$0] }
    let finite = transient.filter { !losing[$0] && !gaining[$0] && !open[$0] }
    let values = solve({ reward[$0] }, recurrent: { _ in ExactRational(0) }, among: finite)
    return (0..<count).map { state in
      if losing[state] { return .minusInfinity }
      if open[state] { return nil }
      if gaining[state] { return .plusInfinity }
      return .finite(values[state] ?? ExactRational(0))
    }
  }

  /// All deterministic stationary policies of a process.
  static func policies(of process: SparseProcess, visit: ([Int]) -> Void) {
    var policy = (0..<process.stateCount).map { process.choices(of: $0).first ?? -1 }
    while true {
      visit(policy)
      var state = 0
      while state < policy.count {
        if policy[state] >= 0 {
          policy[state] += 1
          if policy[state] < process.choices(of: state).upperBound { break }
          policy[state] = process.choices(of: state).lowerBound
        }
        state += 1
      }
      if state == policy.count { return }
    }
  }
}
