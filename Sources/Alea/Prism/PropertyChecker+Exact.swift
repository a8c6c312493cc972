import AleaSemantics

extension PropertyChecker {
  /// What ``PrismExploration/stepTime`` is in fractions, when they are known.
  var exactStepTime: [Rational]? {
    sparse.exact.map { form in
      isTimed ? form.rewards[exploration.program.rewardNames.count] : Array(repeating: .one, count: sparse.choiceCount)
    }
  }

  /// The number that a constant of the model or of a property stands for.
  func exactNumber(_ number: Double, at span: SourceSpan?) throws -> Rational {
    do throws(ExactConstants.Refusal) {
      return try ExactConstants(explored.process.pool.numbers).value(of: number)
    } catch {
      throw fault("no exact answer: \(error.message)", at: span)
    }
  }

  /// The value of an expression in every state.
  func evaluated(_ id: ExpressionID, in process: Process) throws -> SparseSolution {
    var solution = exact(try explored.evaluate(id, in: process), method: "Evaluation")
    if method != nil {
      solution = SparseSolution(
        exact: try explored.evaluateExactly(id, in: process).map { .finite($0) }, policy: [], iterations: 0)
    }
    return solution
  }

  /// A number made of those of several states, in fractions; none of them is minus infinity.
  func exactCombination(_ operation: String, _ values: [ExactValue]) -> ExactValue? {
    var finite: [Rational] = []
    var infinite: ExactValue?
    for value in values {
      if case .finite(let number) = value { finite.append(number) } else { infinite = value }
    }
    let sum = finite.reduce(Rational.zero) { $0 + $1 }
    switch operation {
    case "min": return finite.min().map { .finite($0) } ?? infinite
    case "max": return infinite ?? finite.max().map { .finite($0) }
    case "sum": return infinite ?? .finite(sum)
    case "avg": return infinite ?? sum.divided(by: Rational(values.count)).map { .finite($0) }
    default: return values.first
    }
  }

  /// The states in which a bound holds, by comparing fractions.
  mutating func satisfiedExactly(
    _ query: PrismQuery, _ relation: PrismOperator, _ bound: PrismExpression, _ limit: Double
  ) throws -> (StateSet, SparseSolution) {
    let limit = try exactNumber(limit, at: bound.span)
    let solution = try numbers(query)
    guard solution.exact != nil || !solution.exactAt.isEmpty else {
      throw fault(
        "`Exact` does not serve this property", at: query.span, notes: ["leave out `by:`: the answer has guaranteed bounds"])
    }
    let set = StateSet(count: sparse.stateCount)
    for state in 0..<sparse.stateCount {
      // A number that does not exist meets no bound.
      guard let value = solution.exactValue(of: state) else { continue }
      let holds: Bool
      switch (value, relation) {
      case (.infinite(let isPositive), _): holds = isPositive == (relation == .greater || relation == .greaterEqual)
      case (.finite(let number), .greaterEqual): holds = number >= limit
      case (.finite(let number), .greater): holds = number > limit
      case (.finite(let number), .lessEqual): holds = number <= limit
      case (.finite(let number), _): holds = number < limit
      }
      if holds { set.flags.pointer[state] = 1 }
    }
    return (set, solution)
  }

  /// The chain of a ctmc at the ticks of a clock as fast as its fastest state, in fractions.
  func uniformisedExactly(_ form: ExactForm, _ time: [Rational]) -> (SparseProcess, rate: Rational) {
    let rate = time.compactMap(\.inverse).max() ?? .one
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    var exact: [Rational] = []
    func add(_ state: Int, _ weight: Rational) {
      successor.append(Int32(state))
      probability.append(weight.double)
      exact.append(weight)
    }
    for state in 0..<sparse.stateCount {
      for choice in sparse.choices(of: state) {
        let moves = (time[choice] * rate).inverse ?? .zero
        var stays = Rational.one - moves
        for transition in sparse.transitions(of: choice) {
          let next = Int(sparse.successor.pointer[transition])
          let weight = form.probability[transition] * moves
          if next == state { stays += weight } else { add(next, weight) }
        }
        if !stays.isZero { add(state, stays) }
        transitionStart.append(UInt32(successor.count))
      }
    }
    var process = sparse
    process.transitionStart = transitionStart
    process.successor = successor
    process.probability = probability
    process.exact?.probability = exact
    return (process, rate)
  }
}
