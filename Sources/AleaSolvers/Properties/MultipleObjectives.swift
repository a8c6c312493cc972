import AleaModel

/// What can be had of several objectives at once: probabilities of formulas over paths and total rewards, all to be made great.
///
/// In the product with the formulas' automata a policy ends almost surely in an end component, where it can fulfil all that the whole
/// component allows. So a weighting of the objectives is a total reward: what is earned on the way, and the weights of the formulas that
/// staying fulfils. The best policy for a weighting is a point that can be had, and the best value a line that nothing lies beyond.
/// Source: Etessami, Kwiatkowska, Vardi and Yannakakis, *Multi-objective model checking of Markov decision processes*, LMCS 4 (2008);
/// Forejt, Kwiatkowska and Parker, *Pareto curves for probabilistic model checking*, ATVA 2012.
public struct MultipleObjectives {
  /// One objective: to be made as great as possible.
  public enum Objective {
    /// The probability of the formula of that number.
    case formula(Int)
    /// A reward collected for ever, or until the formula of that number is known to be true: one number a choice of the original.
    case reward(Column<Double>, until: Int?)
  }

  /// A point that a policy attains, enclosed, and how far any policy gets in its direction.
  public struct Point: Sendable {
    public var weights: [Double]
    public var lower: [Double]
    public var upper: [Double]
    /// The weighted sum of no policy is greater.
    public var limit: Double
    public var middle: [Double] { zip(lower, upper).map { $0 == $1 ? $0 : $0 + ($1 - $0) / 2 } }
  }

  public let product: AutomatonProduct
  private let ends: MaximalEndComponents
  private let frame: ComponentQuotient.Frame
  private let rewards: [Column<Double>]
  private let worth: [[Double]]
  private let isFormula: [Bool]
  /// The end components in which a policy may stay for ever.
  private let canStay: [Bool]
  private let control: WorkControl
  /// Where runs begin, as states of the product.
  private var initial: [(state: Int32, probability: Double)]
  /// The states from which some policy makes sure of everything that must be certain; nil for all.
  private let sure: StateSet?
  /// Whether some policy makes sure of everything that must be certain.
  public var isPossible: Bool { initial.allSatisfy { sure?.contains(Int($0.state)) ?? true } }

  /// - Parameter certain: the formulas that must be true with probability one: only policies that see to it count.
  /// - Throws: `UnmetRequirement` where a reward can be met again and again: then nothing bounds it.
  public init(
    of product: AutomatonProduct, objectives: [Objective], certain: [Int] = [], control: WorkControl = WorkControl()
  ) throws {
    self.product = product
    self.control = control
    let process = product.process
    let predecessors = try ChoicePredecessors(of: process, control: control)
    var ends = try MaximalEndComponents(of: process, predecessors: predecessors, control: control)
    let nothing = Column<Double>(repeating: 0, count: process.stateCount)
    var frame = ComponentQuotient.Frame(
      fixed: StateSet(count: process.stateCount), lower: nothing, upper: nothing, allowed: nil, excluded: nil)
    func isAllowed(_ fulfilled: [Bool]) -> Bool { certain.allSatisfy { fulfilled[$0] } }
    var fulfilled = (0..<ends.count).map { product.isFulfilled(in: $0, of: ends) }
    if !certain.isEmpty {
      // Certain is what leads surely to end components that fulfil it: the rest is left out.
      let goal = StateSet(count: process.stateCount)
      for component in 0..<ends.count where isAllowed(fulfilled[component]) {
        for state in ends.states(of: component) { goal.flags.pointer[Int(state)] = 1 }
      }
      let sure = try QualitativeReachability(of: process, predecessors: predecessors, target: goal, control: control)
        .surelyReachable()
      let allowed = Column<UInt8>(repeating: 0, count: process.choiceCount)
      let excluded = StateSet(count: process.stateCount)
      for state in 0..<process.stateCount {
        guard sure.contains(state) else {
          excluded.flags.pointer[state] = 1
          continue
        }
        for choice in process.choices(of: state)
        where process.transitions(of: choice).allSatisfy({ sure.contains(Int(process.successor.pointer[$0])) }) {
          allowed.pointer[choice] = 1
        }
      }
      frame.allowed = allowed
      frame.excluded = excluded
      ends = try MaximalEndComponents(of: process, predecessors: predecessors, enabled: allowed, control: control)
      fulfilled = (0..<ends.count).map { [ends] in product.isFulfilled(in: $0, of: ends) }
      self.sure = sure
    } else {
      sure = nil
    }
    initial = process.initial
    self.ends = ends
    self.frame = frame
    canStay = fulfilled.map(isAllowed)
    var rewards: [Column<Double>] = []
    var worth: [[Double]] = []
    for objective in objectives {
      switch objective {
      case .formula(let number):
        rewards.append(Column(repeating: 0, count: process.choiceCount))
        worth.append(fulfilled.map { $0[number] ? 1 : 0 })
      case .reward(let column, let clock):
        let carried = product.carried(column, until: clock)
        let isEndless = (0..<process.choiceCount).contains { ends.staysInside.pointer[$0] != 0 && carried.pointer[$0] != 0 }
        guard !isEndless else {
          throw UnmetRequirement(
            method: "a property with several objectives", requirement: "rewards that end",
            found: "some policy collects one again and again",
            remedy: "let the model come to rest in states that earn nothing")
        }
        rewards.append(carried)
        worth.append([Double](repeating: 0, count: ends.count))
      }
    }
    self.rewards = rewards
    self.worth = worth
    isFormula = objectives.map { if case .formula = $0 { true } else { false } }
  }

  public var count: Int { rewards.count }

  /// The same objectives for runs that begin in a state of the original.
  public func starting(in state: Int) -> MultipleObjectives {
    var result = self
    result.initial = [(product.start[state], 1)]
    return result
  }

  /// Whether a formula is false on almost every run whatever is done: no end component that fulfils it is ever reached.
  public func isNever(_ objective: Int) -> Bool {
    let process = product.process
    guard isFormula[objective] else { return false }
    let excluded = frame.excluded
    let seen = StateSet(count: process.stateCount)
    var work = initial.map { Int($0.state) }
    for state in work { seen.flags.pointer[state] = 1 }
    while let state = work.popLast() {
      if excluded?.contains(state) ?? false { continue }
      let component = Int(ends.componentOf.pointer[state])
      if component >= 0, canStay[component], worth[objective][component] > 0 { return false }
      for choice in process.choices(of: state) where frame.allowed.map({ $0.pointer[choice] != 0 }) ?? true {
        for transition in process.transitions(of: choice) {
          let next = Int(process.successor.pointer[transition])
          if seen.flags.pointer[next] == 0 {
            seen.flags.pointer[next] = 1
            work.append(next)
          }
        }
      }
    }
    return true
  }

  /// The best policy for weights, none of which is negative: where it gets, and how far any gets.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func best(_ weights: [Double], tolerance: Double) throws -> Point {
    let process = product.process
    let earned = Column<Double>(repeating: 0, count: process.choiceCount)
    for (weight, reward) in zip(weights, rewards) where weight != 0 {
      for choice in 0..<process.choiceCount { earned.pointer[choice] += weight * reward.pointer[choice] }
    }
    let staying = (0..<ends.count).map { component in zip(weights, worth).reduce(0) { $0 + $1.0 * $1.1[component] } }
    let quotient = quotient(earned, worth: staying)
    let solver = try ComponentSolver(quotient.problem, precision: tolerance, phase: "solving", control: control)
    try solver.solve()
    var point = Point(weights: weights, lower: [], upper: [], limit: expectation(quotient.problem.upper, quotient, up: true))
    // The weights themselves and their sums are rounded.
    point.limit = (point.limit + 0x1p-48 * abs(point.limit)).nextUp
    for index in rewards.indices {
      let own = self.quotient(rewards[index], worth: worth[index])
      let chain = own.problem.restricted(to: solver.policy)
      if isFormula[index] {
        // Probabilities zero and one are read off the graph.
        let reached = try fulfilment(chain).solve(tolerance, control)
        point.lower.append(expectation(Column(reached.lower), own, up: false))
        point.upper.append(expectation(Column(reached.upper), own, up: true))
      } else {
        let earning = try ComponentSolver(chain, precision: tolerance, phase: "solving", control: control)
        try earning.solve()
        point.lower.append(expectation(chain.lower, own, up: false))
        point.upper.append(expectation(chain.upper, own, up: true))
      }
    }
    return point
  }

  private func quotient(_ reward: Column<Double>, worth: [Double]) -> ComponentQuotient {
    ComponentQuotient(
      product.process, reward: reward, frame: frame, ends: ends,
      staying: worth.indices.map { canStay[$0] ? (worth[$0], worth[$0]) : nil })
  }

  /// A chain with the states in which a formula is fulfilled for ever.
  private struct Fulfilment {
    var chain: SparseProcess
    var target: StateSet
    func solve(_ tolerance: Double, _ control: WorkControl) throws -> SparseSolution {
      try chain.reachability(of: target, maximize: true, tolerance: tolerance, control: control)
    }
  }

  private func fulfilment(_ problem: ComponentProblem) -> Fulfilment {
    let target = StateSet(count: problem.stateCount)
    for state in 0..<problem.stateCount where problem.fixed.contains(state) && problem.lower[state] == 1 {
      target.flags.pointer[state] = 1
    }
    let chain = SparseProcess(
      choiceStart: problem.choiceStart, transitionStart: problem.transitionStart, successor: problem.successor,
      probability: problem.probability, channels: [], initial: [], objective: product.process.objective)
    return Fulfilment(chain: chain, target: target)
  }

  private func expectation(_ values: Column<Double>, _ quotient: ComponentQuotient, up: Bool) -> Double {
    if initial.count == 1, let only = initial.first { return values[quotient.block(of: Int(only.state))] }
    let sum = initial.reduce(0) { $0 + $1.probability * values[quotient.block(of: Int($1.state))] }
    let slip = Rounding.relative(2 * initial.count + 2) * abs(sum)
    return up ? sum + slip : sum - slip
  }
}

extension ComponentProblem {
  /// The problem in which every state has only the choice of a policy.
  func restricted(to policy: Column<Int32>) -> ComponentProblem {
    let starts = (choice: Column<UInt32>([0]), transition: Column<UInt32>([0]))
    let rows = (successor: Column<Int32>(), probability: Column<Double>(), reward: Column<Double>())
    for state in 0..<stateCount {
      if fixed.flags.pointer[state] == 0, policy.pointer[state] >= 0 {
        let choice = Int(policy.pointer[state])
        for transition in Int(transitionStart[choice])..<Int(transitionStart[choice + 1]) {
          rows.successor.append(successor[transition])
          rows.probability.append(probability[transition])
        }
        starts.transition.append(UInt32(rows.successor.count))
        rows.reward.append(reward[choice])
      }
      starts.choice.append(UInt32(rows.reward.count))
    }
    return ComponentProblem(
      choiceStart: starts.choice, transitionStart: starts.transition, successor: rows.successor, probability: rows.probability,
      reward: rows.reward, fixed: fixed, lower: Column(lower.array), upper: Column(upper.array), mergedTerms: mergedTerms)
  }
}
