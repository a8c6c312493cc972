import Alea

// The additions of the article on adding a method, as they stand there.

struct Twins: SparseReduction {
  static let name = "Twins"
  static let summary = "Draws states together that nothing ever tells apart."
  static let parameters: [MethodParameter] = []

  init(arguments: MethodArguments) {}

  /// A choice with its successors seen as blocks: what it earns, and where it leads with which probability.
  struct Row: Hashable {
    var rewards: [Double]
    var law: [Int: Double]
  }

  /// What tells states apart.
  struct Kind: Hashable {
    var block: Int
    var rows: Set<Row>
  }

  func reduce(_ process: SparseProcess, control: WorkControl) throws -> Reduced<SparseProcess, SparseSolution>? {
    guard process.stageStart == nil, process.truncation == nil else { return nil }
    @Sendable func row(_ choice: Int, _ block: [Int]) -> Row {
      let edges = process.transitions(of: choice)
      let law = Dictionary(edges.map { (block[Int(process.successor[$0])], process.probability[$0]) }, uniquingKeysWith: +)
      return Row(rewards: process.channels.map { $0.reward[choice] }, law: law)
    }
    // Blocks are divided until the members of each have the same rows (Givan, Dean, Greig 2003).
    var block = [Int](repeating: 0, count: process.stateCount)
    var count = 1
    while true {
      try control.continues("drawing together", "\(count) blocks")
      var number: [Kind: Int] = [:]
      let finer = (0..<process.stateCount).map { state in
        let kind = Kind(block: block[state], rows: Set(process.choices(of: state).map { row($0, block) }))
        if let known = number[kind] { return known }
        let new = number.count
        number[kind] = new
        return new
      }
      block = finer
      if number.count == count { break }
      count = number.count
    }
    guard count < process.stateCount else { return nil }

    var members = [[Int]](repeating: [], count: count)
    for state in block.indices { members[block[state]].append(state) }
    let rows = members.map { states in process.choices(of: states[0]).map { row($0, block) } }
    let choices = rows.flatMap { $0 }
    let edges = choices.flatMap { $0.law.sorted { $0.key < $1.key } }
    func starts(_ counts: [Int]) -> Column<UInt32> {
      Column(counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + UInt32($1)) })
    }
    let channels = process.channels.indices.map { index in
      SparseProcess.Channel(name: process.channels[index].name, reward: Column(choices.map { $0.rewards[index] }))
    }
    let quotient = SparseProcess(
      choiceStart: starts(rows.map(\.count)), transitionStart: starts(choices.map(\.law.count)),
      successor: Column(edges.map { Int32($0.key) }), probability: Column(edges.map(\.value)), channels: channels,
      initial: process.initial.map { (Int32(block[Int($0.state)]), $0.probability) }, objective: process.objective)
    let step = "Twins: \(process.stateCount) states drawn together into \(count)"
    let final = block
    return Reduced(quotient, steps: [step]) { answer in
      let whole = answer.spread(over: process.stateCount, block: { final[$0] }) { state, chosen in
        process.choices(of: state).first { row($0, final) == choices[chosen] } ?? -1
      }
      return whole ?? answer
    }
  }
}

func twinsExplained() throws -> String {
  let session = Session()
  try session.register(Twins.self)
  let dice = """
    mdp Dice {
      state a: 1..6 = 1
      state b: 1..6 = 1
      action again: {one, other, none}
      roll ~ Uniform(1..6)
      a' = if again == one then roll else a
      b' = if again == other then roll else b
      reward if again == none then a + b else 0
      discount 0.9
    }
    """
  try session.enter(dice) { _ in }
  return try session.explain("Dice")
}

struct AdjustedRegression: StructuralReduction {
  static let name = "AdjustedRegression"
  static let summary = "States a structural function as a regression on the cause and what has to be adjusted for."
  static let parameters: [MethodParameter] = []

  init(arguments: MethodArguments) {}

  func reduce(_ question: StructuralQuestion, control: WorkControl) throws -> Reduced<MomentProblem, MomentAnswer>? {
    let sets = try question.graph.adjustmentSets(from: [question.cause], to: [question.outcome])
    guard let set = sets.minimum else { return nil }
    let arguments = [question.cause] + set
    let problem = MomentProblem.regression(
      outcome: question.outcome, arguments: arguments, conditioning: arguments, functionClass: question.functionClass)
    let step = "AdjustedRegression: {\(set.joined(separator: ", "))} closes every back door"
    return Reduced(problem, steps: [step]) { set.isEmpty ? $0 : try $0.averaged(over: set, name: "response") }
  }
}

struct BestAverage: LearningMethod {
  static let name = "BestAverage"
  static let summary = "Chooses among policies by their weighted mean reward, without caution."
  static let parameters: [MethodParameter] = []

  init(arguments: MethodArguments) {}

  func learn(_ question: LearningQuestion) throws -> LearnedPolicy {
    try question.search(by: self, claim: .none) { asked in
      guard asked.isOneStep else { throw OffPolicyFault("`BestAverage` learns policies of one step") }
      let weights = try asked.ratios()
      return zip(weights, asked.record.rewards).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    }
  }
}

struct LeastSquares: MomentMethod {
  static let name = "LeastSquares"
  static let summary = "Regression, for restrictions that condition on the arguments of the unknown."
  static let parameters: [MethodParameter] = []

  init(arguments: MethodArguments) {}

  func check(_ problem: MomentProblem) throws {
    guard problem.unknowns.count == 1, problem.restrictions.count == 1, problem.applications.count == 1,
      Set(problem.restrictions[0].conditioning).isSuperset(of: problem.unknowns[0].arguments)
    else {
      throw MomentFault("`LeastSquares` takes one unknown and one restriction given all its arguments")
    }
  }

  func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    var problem = problem
    let (unknown, restriction) = (problem.unknowns[0], problem.restrictions[0])
    guard let form = problem.affine(restriction.residual), let constant = form.constant, let factor = form.factors[0] else {
      throw MomentFault("`\(restriction.text)` is not affine in `\(unknown.name)`")
    }
    // The residual is constant + factor * h: so h is the regression of -constant / factor on the features.
    let outcome = zip(try problem.evaluate(constant, data), try problem.evaluate(factor, data)).map { -$0 / $1 }
    let features = try FeatureMap(
      unknown.functionClass, points: data.matrix(unknown.arguments), arguments: unknown.arguments)
    let design = features.features(at: try data.matrix(unknown.arguments))
    guard let solution = design.transposeTimes(design).solve(design.transposeTimes(Matrix(column: outcome))) else {
      throw MomentFault("the data do not determine `\(unknown.name)`")
    }
    let residuals = (Matrix(column: outcome) - design * solution).elements
    let function = try FittedFunction(name: unknown.name, features: features, coefficients: solution.elements)
    return MomentFit(
      problem: problem, method: "LeastSquares()", functions: [function],
      objective: residuals.reduce(0) { $0 + $1 * $1 } / Double(data.rowCount), rowCount: data.rowCount)
  }
}
