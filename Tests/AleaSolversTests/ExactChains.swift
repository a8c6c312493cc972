import AleaModel
import BigInt

@testable import AleaSolvers

/// A fraction of whole numbers of any size, for answers without rounding.
struct Fraction: Comparable, CustomStringConvertible {
  let numerator: BigInt
  let denominator: BigInt

  init(_ numerator: BigInt, _ denominator: BigInt = 1) {
    let divisor = numerator.greatestCommonDivisor(with: denominator)
    let sign: BigInt = denominator.sign == .minus ? -1 : 1
    self.numerator = divisor == 0 ? numerator : sign * numerator / divisor
    self.denominator = divisor == 0 ? 1 : sign * denominator / divisor
  }

  /// The exact value of a finite double.
  init(_ value: Double) {
    if value == 0 { self.init(0); return }
    let whole = BigInt((value.significand * 0x1p52) as Double) * (value < 0 ? -1 : 1)
    let exponent = Int(value.exponent) - 52
    if exponent >= 0 { self.init(whole << exponent) } else { self.init(whole, BigInt(1) << -exponent) }
  }

  static func + (a: Fraction, b: Fraction) -> Fraction {
    if a.denominator == b.denominator { return Fraction(a.numerator + b.numerator, a.denominator) }
    return Fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
  }
  static func - (a: Fraction, b: Fraction) -> Fraction { a + Fraction(-b.numerator, b.denominator) }
  static func * (a: Fraction, b: Fraction) -> Fraction { Fraction(a.numerator * b.numerator, a.denominator * b.denominator) }
  static func / (a: Fraction, b: Fraction) -> Fraction { Fraction(a.numerator * b.denominator, a.denominator * b.numerator) }
  static func < (a: Fraction, b: Fraction) -> Bool { a.numerator * b.denominator < b.numerator * a.denominator }
  var isZero: Bool { numerator == 0 }
  var description: String { "\(numerator)/\(denominator)" }

  /// Whether a computed lower bound holds: `bound <= self`.
  func isAtLeast(_ bound: Double) -> Bool { bound == -.infinity || (bound.isFinite && Fraction(bound) <= self) }
  func isAtMost(_ bound: Double) -> Bool { bound == .infinity || (bound.isFinite && Fraction(bound) >= self) }
}

/// An exact value that may be infinite.
enum ExactValue: Comparable, CustomStringConvertible {
  case minusInfinity
  case finite(Fraction)
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
    case .finite(let value): "\(Double(value.numerator) / Double(value.denominator))"
    }
  }
}

/// The chain of one deterministic policy, in exact arithmetic; rows are divided by their sum.
struct ExactChain {
  let count: Int
  /// nil for terminal states.
  var row: [[Int: Fraction]?]
  var reward: [Fraction]
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
        reward.append(Fraction(0))
        continue
      }
      var entries: [Int: Fraction] = [:]
      var sum = Fraction(0)
      for k in process.transitions(of: policy[state]) {
        let p = Fraction(process.probability[k])
        entries[Int(process.successor[k])] = p
        sum = sum + p
      }
      row.append(entries.mapValues { $0 / sum })
      reward.append(Fraction(total[policy[state]]))
    }
    findClasses()
  }

  private mutating func findClasses() {
    var reaches = (0..<count).map { i in (0..<count).map { $0 == i } }
    for i in 0..<count { for j in (row[i] ?? [:]).keys { reaches[i][j] = true } }
    for k in 0..<count { for i in 0..<count where reaches[i][k] { for j in 0..<count where reaches[k][j] { reaches[i][j] = true } } }
    classOf = [Int](repeating: -1, count: count)
    for i in 0..<count where classOf[i] < 0 && (0..<count).allSatisfy({ !reaches[i][$0] || reaches[$0][i] }) {
      let members = (0..<count).filter { reaches[i][$0] }
      for member in members { classOf[member] = classes.count }
      classes.append(members)
    }
  }

  /// Solves `x = b + P x` on the transient states, given `x` on the recurrent ones.
  private func solve(_ constant: (Int) -> Fraction, recurrent: (Int) -> Fraction, among unknown: [Int]) -> [Int: Fraction] {
    let n = unknown.count
    var place: [Int: Int] = [:]
    for (position, state) in unknown.enumerated() { place[state] = position }
    var a = (0..<n).map { i in (0...n).map { $0 == i ? Fraction(1) : Fraction(0) } }
    for (i, state) in unknown.enumerated() {
      a[i][n] = constant(state)
      for (target, p) in row[state] ?? [:] {
        if let j = place[target] { a[i][j] = a[i][j] - p } else { a[i][n] = a[i][n] + p * recurrent(target) }
      }
    }
    for k in 0..<n {
      let pivot = (k..<n).first { !a[$0][k].isZero }!
      a.swapAt(k, pivot)
      for i in 0..<n where i != k && !a[i][k].isZero {
        let factor = a[i][k] / a[k][k]
        for j in k...n where !a[k][j].isZero { a[i][j] = a[i][j] - factor * a[k][j] }
      }
    }
    var result: [Int: Fraction] = [:]
    for (i, state) in unknown.enumerated() { result[state] = a[i][n] / a[i][i] }
    return result
  }

  /// The long-run average reward of a recurrent class, by the return to its first state.
  func mean(_ number: Int) -> Fraction {
    let members = classes[number]
    guard let step = row[members[0]] else { return Fraction(0) }
    let others = Array(members.dropFirst())
    let earned = solve({ reward[$0] }, recurrent: { _ in Fraction(0) }, among: others)
    let lasting = solve({ _ in Fraction(1) }, recurrent: { _ in Fraction(0) }, among: others)
    var gain = reward[members[0]]
    var time = Fraction(1)
    for (target, p) in step where target != members[0] {
      gain = gain + p * earned[target]!
      time = time + p * lasting[target]!
    }
    return gain / time
  }

  private var transient: [Int] { (0..<count).filter { classOf[$0] < 0 } }

  func gains() -> [Fraction] {
    let means = classes.indices.map { mean($0) }
    let passing = solve({ _ in Fraction(0) }, recurrent: { means[classOf[$0]] }, among: transient)
    return (0..<count).map { classOf[$0] < 0 ? passing[$0]! : means[classOf[$0]] }
  }

  /// The probability of reaching targets, which must be terminal in this chain.
  func reaching(_ target: Set<Int>) -> [Fraction] {
    func one(_ state: Int) -> Fraction { Fraction(target.contains(state) ? 1 : 0) }
    let passing = solve({ _ in Fraction(0) }, recurrent: one, among: transient)
    return (0..<count).map { classOf[$0] < 0 ? passing[$0]! : one($0) }
  }

  /// Expected totals: minus infinity where a losing class can be reached, else plus infinity where a gaining one can; nil where the
  /// total does not settle because gains and losses of a class cancel.
  func totals() -> [ExactValue?] {
    let means = classes.indices.map { mean($0) }
    let unsettled = classes.indices.map { number in
      means[number].isZero && classes[number].contains { row[$0] != nil && !reward[$0].isZero }
    }
    func reached(_ wanted: (Int) -> Bool) -> [Bool] {
      var reached = (0..<count).map { classOf[$0] >= 0 && wanted(classOf[$0]) }
      for _ in 0..<count {
        for state in 0..<count where !reached[state] { reached[state] = (row[state] ?? [:]).keys.contains { reached[$0] } }
      }
      return reached
    }
    let losing = reached { means[$0] < Fraction(0) }
    let gaining = reached { means[$0] > Fraction(0) }
    let open = reached { unsettled[$0] }
    let finite = transient.filter { !losing[$0] && !gaining[$0] && !open[$0] }
    let values = solve({ reward[$0] }, recurrent: { _ in Fraction(0) }, among: finite)
    return (0..<count).map { state in
      if losing[state] { return .minusInfinity }
      if open[state] { return nil }
      if gaining[state] { return .plusInfinity }
      return .finite(values[state] ?? Fraction(0))
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
