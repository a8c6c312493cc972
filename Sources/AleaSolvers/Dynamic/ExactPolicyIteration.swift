import AleaModel

/// Policy iteration in fractions, from a policy that is good already.
///
/// In every state but the fixed ones Bellman's equation holds in the end, exactly. That its solution is the optimal value is the
/// caller's part: probabilities zero and one and infinite values are known from the graph before. A policy that stays for ever among
/// states where nothing is earned has value zero there.
struct ExactPolicyIteration {
  let process: SparseProcess
  let form: ExactForm
  /// With the sign that makes more better.
  let reward: [Rational]
  let discount: Rational
  let control: WorkControl
  private let sign: Rational
  private(set) var policy: [Int32]
  private(set) var value: [Rational]
  /// Whether the value of a state is known beforehand.
  private var isFixed: [Bool]
  /// States of infinite value, with the sign of what they are worth (not that of the cost).
  private var infinite: [Int: Bool] = [:]
  /// Whether every choice of a state leads to finite values only.
  private var isAllowed: [Bool]
  /// Whether to stay where nothing is earned may be better than to go on: for rewards of both signs.
  var restWhereBetter = false
  private var rounds = 0

  init(
    _ process: SparseProcess, _ form: ExactForm, reward: [Rational], discount: Rational, policy: [Int32], control: WorkControl
  ) {
    self.process = process
    self.form = form
    sign = process.objective.maximizes ? .one : -.one
    self.reward = process.objective.maximizes ? reward : reward.map { -$0 }
    self.discount = discount
    self.policy = policy
    self.control = control
    value = Array(repeating: .zero, count: process.stateCount)
    isFixed = (0..<process.stateCount).map { process.isTerminal($0) }
    isAllowed = Array(repeating: true, count: process.choiceCount)
  }

  /// Gives a state its value, by which choices elsewhere are judged.
  mutating func fix(_ state: Int, at known: Rational) {
    isFixed[state] = true
    value[state] = sign * known
  }

  /// Takes out the states whose value is infinite, and the choices that lead to them.
  mutating func exclude(_ states: [(state: Int, isPositive: Bool)]) {
    for (state, isPositive) in states {
      infinite[state] = isPositive
      isFixed[state] = true
    }
    guard !infinite.isEmpty else { return }
    for choice in 0..<process.choiceCount {
      isAllowed[choice] = process.transitions(of: choice).allSatisfy { infinite[Int(process.successor[$0])] == nil }
    }
  }

  mutating func run() throws {
    repeat {
      rounds += 1
      try evaluate()
    } while try improve()
  }

  /// The answer, signs changed back.
  var solution: SparseSolution {
    let exact = (0..<process.stateCount).map { state in
      infinite[state].map { ExactValue.infinite(isPositive: $0) } ?? .finite(sign * value[state])
    }
    var result = SparseSolution(exact: exact, policy: policy, iterations: rounds)
    if !infinite.isEmpty {
      result.notes.append(
        "\(NumberText.grouped(infinite.count)) of \(NumberText.grouped(exact.count)) states have an infinite value")
    }
    return result
  }

  /// The worth of a choice by the present values.
  private func worth(_ choice: Int) -> Rational {
    var sum = Rational.zero
    for transition in process.transitions(of: choice) {
      let next = value[Int(process.successor[transition])]
      if !next.isZero { sum += form.probability[transition] * next }
    }
    return reward[choice] + discount * sum
  }

  // MARK: Improving

  private mutating func improve() throws -> Bool {
    var hasImproved = false
    for state in 0..<process.stateCount where !isFixed[state] {
      var best = value[state]
      for choice in process.choices(of: state) where isAllowed[choice] && Int32(choice) != policy[state] {
        let worth = worth(choice)
        if worth > best {
          best = worth
          policy[state] = Int32(choice)
          hasImproved = true
        }
      }
      try pause(state)
    }
    return try hasImproved || restWhereBetter && rest()
  }

  /// Stays in sets of states without reward where going on is worth less than nothing.
  private mutating func rest() throws -> Bool {
    let enabled = Column<UInt8>(repeating: 0, count: process.choiceCount)
    var isAny = false
    for state in 0..<process.stateCount where !isFixed[state] {
      for choice in process.choices(of: state) where isAllowed[choice] && reward[choice].isZero {
        enabled.pointer[choice] = 1
        isAny = true
      }
    }
    guard isAny else { return false }
    let sets = try MaximalEndComponents(
      of: process, predecessors: ChoicePredecessors(of: process, control: control), enabled: enabled, control: control)
    var hasImproved = false
    for component in 0..<sets.count {
      let states = sets.states(of: component)
      guard states.contains(where: { value[Int($0)] < .zero }) else { continue }
      hasImproved = true
      for state in states {
        if let stay = process.choices(of: Int(state)).first(where: { sets.staysInside.pointer[$0] != 0 }) {
          policy[Int(state)] = Int32(stay)
        }
      }
    }
    return hasImproved
  }

  private func pause(_ state: Int) throws {
    guard state % 256 == 0 else { return }
    if !control.report(WorkProgress(phase: "solving in fractions", detail: "policy \(rounds)")) {
      throw WorkCancelled(state: "stopped while checking policy \(rounds) exactly")
    }
  }

  // MARK: Evaluating

  private mutating func evaluate() throws {
    let chain = try ExactPolicyComponents(process, following: policy, isFixed: isFixed, control: control)
    for component in 0..<chain.count {
      let states = chain.states(of: component)
      if states.count == 1, isFixed[states[0]] { continue }
      if discount == .one, chain.isClosed(component) {
        if let state = states.first(where: { !reward[Int(policy[$0])].isZero }) {
          throw UnmetRequirement(
            method: Exact.name, requirement: "a total that settles",
            found: "from state \(state) a policy goes on for ever with rewards", remedy: "use a discount below one")
        }
        for state in states { value[state] = .zero }
      } else if states.count == 1 {
        value[states[0]] = try alone(states[0])
      } else {
        let equations = try ExactComponent(
          states, following: policy, of: process, form, discount: discount, control: control)
        let solved = try equations.solve({ reward[Int(policy[$0])] }, outside: { value[$0] }, control: control)
        for (place, state) in states.enumerated() { value[state] = solved[place] }
      }
      try pause(component)
    }
  }

  /// The value of a state that is not met again once it is left.
  private func alone(_ state: Int) throws -> Rational {
    let choice = Int(policy[state])
    var sum = Rational.zero
    var loop = Rational.zero
    for transition in process.transitions(of: choice) {
      let next = Int(process.successor[transition])
      if next == state {
        loop = form.probability[transition]
      } else if !value[next].isZero {
        sum += form.probability[transition] * value[next]
      }
    }
    sum = reward[choice] + discount * sum
    return loop.isZero ? sum : sum.divided(by: .one - discount * loop) ?? .zero
  }
}

extension SparseSolution {
  /// An answer known in fractions: the doubles are rounded once, the bounds are the doubles around the value.
  public init(exact: [ExactValue], policy: [Int32], iterations: Int) {
    let doubles = exact.map(\.doubles)
    let bound = doubles.reduce(0) { $1.lower == $1.upper ? $0 : max($0, ($1.upper - $1.lower) / 2) }
    self.init(
      value: doubles.map(\.value), policy: policy, lower: doubles.map(\.lower), upper: doubles.map(\.upper), bound: bound,
      method: Exact.name, iterations: iterations)
    self.exact = exact
  }
}
