import AleaModel
import AleaSyntax

extension Elaborator {
  func isDistribution(_ operand: Operand) -> Bool {
    switch operand {
    case .distribution, .value(.distribution): true
    default: false
    }
  }

  /// An operand where a distribution is wanted.
  func distribution(_ operand: Operand, _ span: SourceSpan) throws -> (Distribution, ScalarType) {
    switch operand {
    case .distribution(let distribution, let type): return (distribution, type)
    case .value(.distribution(let known)): return try lower(known, span)
    case .value, .scalar, .array, .record:
      throw fault(
        "a distribution is needed after `~`, and this is \(describe(operand))", span,
        notes: ["a value is given by `=`; `Certain(x)` is the distribution that is always x"])
    case .unchecked: throw Self.silent
    }
  }

  /// A known distribution as one of the process.
  func lower(_ value: DistributionValue, _ span: SourceSpan) throws -> (Distribution, ScalarType) {
    func constant(_ x: Double) -> ExpressionID { context.pool.constant(x, type: .real, span: span) }
    switch value.kind {
    case .primitive(let family, let parameters):
      return (.primitive(family, parameters.map(constant)), family.isDiscrete ? .integer : .real)
    case .finite(let outcomes):
      var type: ScalarType?
      var lowered: [Distribution.Outcome] = []
      for outcome in outcomes {
        guard let id = scalar(.value(outcome.value), span) else {
          throw fault(
            "outcomes of a distribution are numbers, Booleans or symbols here, and this is \(outcome.value.kindDescription)", span
          )
        }
        guard let joined = join(type ?? context.pool[id].type, context.pool[id].type) else {
          throw fault("the outcomes of this distribution differ in kind", span)
        }
        type = joined
        lowered.append(.init(value: id, weight: constant(outcome.probability)))
      }
      return (.finite(lowered, isNormalized: false), type ?? .real)
    case .mixture(let components):
      var type: ScalarType?
      var lowered: [Distribution.Component] = []
      for component in components {
        let (distribution, componentType) = try lower(component.1, span)
        guard let joined = join(type ?? componentType, componentType) else {
          throw fault("the components of this mixture differ in kind", span)
        }
        type = joined
        lowered.append(.init(weight: constant(component.weight), distribution: distribution))
      }
      return (.mixture(lowered), type ?? .real)
    case .truncated(let base, let low, let high):
      let (distribution, type) = try lower(base, span)
      return (.truncated(distribution, low: constant(low), high: constant(high)), type)
    }
  }

  /// `{sunny: 0.7, rainy: 0.3}`: weights that sum to one by themselves.
  mutating func distributionLiteral(_ outcomes: [(value: AST.Expression, weight: AST.Expression)], _ span: SourceSpan) throws
    -> Operand
  {
    var values: [Operand] = []
    var weights: [Operand] = []
    for outcome in outcomes {
      if case .name(let name) = outcome.value.kind, try lookup(name, outcome.value.span) == nil {
        values.append(.value(.symbol(Symbol(name))))
      } else {
        values.append(try elaborate(outcome.value))
      }
      weights.append(try probability(elaborate(outcome.weight), outcome.weight.span))
    }
    var seen: [ValueKey: SourceSpan] = [:]
    for (value, outcome) in zip(values, outcomes) {
      guard case .value(let known) = value, let key = ValueKey(known) else { continue }
      if let earlier = seen[key] {
        throw fault("`\(known)` stands twice in this distribution", outcome.value.span, secondary: [.init(earlier, "first here")])
      }
      seen[key] = outcome.value.span
    }
    let known = weights.compactMap { operand -> Double? in
      if case .value(let value) = operand { return encode(value)?.0 }
      return nil
    }
    if known.count == weights.count {
      let total = known.reduce(0, +)
      if abs(total - 1) > 1e-9 {
        throw fault(
          "the probabilities sum to \(NumberText.significant(total, digits: 10)), not to 1", span,
          notes: ["`Categorical([values], [weights])` divides weights by their sum"])
      }
    } else if known.reduce(0, +) > 1 + 1e-9 {
      throw fault("the probabilities sum to more than 1", span)
    }
    return try finite(values, weights, isNormalized: true, span, places: outcomes.map(\.value.span))
  }

  /// A weight or probability: a number, not negative and at most one where that is known.
  private func probability(_ operand: Operand, _ span: SourceSpan, isWeight: Bool = false) throws -> Operand {
    let what = isWeight ? "weight" : "probability"
    switch operand {
    case .unchecked: return operand
    case .scalar(let id) where isNumber(id): return operand
    case .value(let value):
      guard let (number, type) = encode(value), type == .integer || type == .real else {
        throw fault("a \(what) is a number, and this is \(value.kindDescription)", span)
      }
      if number < 0 || !isWeight && number > 1 || !number.isFinite {
        throw fault(
          "\(NumberText.significant(number, digits: 8)) is not a \(what)", span,
          label: isWeight ? "weights are not negative" : "probabilities lie between 0 and 1")
      }
      return operand
    default: throw fault("a \(what) is a number, and this is \(describe(operand))", span)
    }
  }

  /// A law on given values; known ones become a value.
  private func finite(_ values: [Operand], _ weights: [Operand], isNormalized: Bool, _ span: SourceSpan, places: [SourceSpan])
    throws
    -> Operand
  {
    for operand in values + weights { if case .unchecked = operand { return operand } }
    if values.isEmpty { throw fault("a distribution needs at least one outcome", span) }
    var outcomes: [(value: Value, probability: Double)] = []
    for (value, weight) in zip(values, weights) {
      guard case .value(let known) = value, case .value(let share) = weight, let (number, _) = encode(share) else { break }
      outcomes.append((known, number))
    }
    if outcomes.count == values.count {
      let total = outcomes.reduce(0) { sum, outcome in
        environment.numbers.note(.binary(.add), [sum, outcome.probability], sum + outcome.probability)
        return sum + outcome.probability
      }
      if total <= 0 {
        throw fault("the weights sum to \(NumberText.significant(total, digits: 8)): there is nothing to draw", span)
      }
      if !isNormalized {
        outcomes = outcomes.map { outcome in
          environment.numbers.note(.binary(.divide), [outcome.probability, total], outcome.probability / total)
          return (outcome.value, outcome.probability / total)
        }
      }
      return .value(.distribution(DistributionValue(.finite(outcomes))))
    }
    var type: ScalarType?
    var lowered: [Distribution.Outcome] = []
    for (index, (value, weight)) in zip(values, weights).enumerated() {
      let place = index < places.count ? places[index] : span
      guard let id = scalar(value, place) else {
        throw fault("an outcome whose probability depends on the state must be a number, a Boolean or a symbol", place)
      }
      guard let joined = join(type ?? context.pool[id].type, context.pool[id].type) else {
        throw fault("the outcomes of this distribution differ in kind", span)
      }
      type = joined
      guard let share = scalar(weight, place) else { throw Self.silent }
      lowered.append(.init(value: id, weight: share))
    }
    return .distribution(.finite(lowered, isNormalized: isNormalized), type ?? .real)
  }

  /// A constructor: `Poisson(6)`, `Uniform({a, b})`.
  mutating func distributionCall(_ name: String, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    let signature = Builtin.distributions.first { $0.name == name }?.signature ?? name
    func count(_ wanted: ClosedRange<Int>) throws {
      guard wanted.contains(arguments.count) else {
        throw fault(
          "`\(name)` is called as `\(signature)`", span,
          label: "\(arguments.count) argument\(arguments.count == 1 ? "" : "s") given")
      }
    }
    switch name {
    case "MultivariateNormal":
      throw fault(
        "`MultivariateNormal` draws a whole vector and stands right after `~`", span,
        notes: ["as in `context user: Real[2] ~ MultivariateNormal(zeros(2), identity(2))`"])
    case "Uniform" where arguments.count == 1:
      let place = arguments[0].value.span
      let set = try elaborate(arguments[0].value)
      if case .value(.range(let range)) = set, range.count > 64 {
        return .value(
          .distribution(DistributionValue(.primitive(.uniformInteger, [Double(range.lowerBound), Double(range.upperBound)]))))
      }
      guard let members = try elements(of: set, place) else { return .unchecked("a distribution") }
      if members.isEmpty { throw fault("`Uniform` over an empty set has nothing to draw", place) }
      return try finite(members, members.map { _ in .value(.real(1)) }, isNormalized: false, span, places: [])
    case "Categorical":
      try count(2...2)
      guard let values = try elements(of: elaborate(arguments[0].value), arguments[0].value.span),
        let weights = try elements(of: elaborate(arguments[1].value), arguments[1].value.span)
      else { return .unchecked("a distribution") }
      guard values.count == weights.count else {
        throw fault("`Categorical` has \(values.count) values and \(weights.count) weights", span)
      }
      return try finite(
        values, weights.map { try probability($0, arguments[1].value.span, isWeight: true) }, isNormalized: false, span,
        places: [])
    case "Certain":
      try count(1...1)
      return try finite(
        [elaborate(arguments[0].value)], [.value(.real(1))], isNormalized: true, span, places: [arguments[0].value.span])
    case "Mixture":
      try count(2...2)
      guard let components = try elements(of: elaborate(arguments[0].value), arguments[0].value.span),
        let weights = try elements(of: elaborate(arguments[1].value), arguments[1].value.span)
      else { return .unchecked("a distribution") }
      guard components.count == weights.count, !components.isEmpty else {
        throw fault("`Mixture` has \(components.count) components and \(weights.count) weights", span)
      }
      var type: ScalarType?
      var lowered: [Distribution.Component] = []
      for (component, weight) in zip(components, weights) {
        let (law, lawType) = try distribution(component, arguments[0].value.span)
        guard let joined = join(type ?? lawType, lawType) else {
          throw fault("the components of this mixture differ in kind", span)
        }
        type = joined
        guard let share = scalar(try probability(weight, arguments[1].value.span, isWeight: true)) else { throw Self.silent }
        lowered.append(.init(weight: share, distribution: law))
      }
      return .distribution(.mixture(lowered), type ?? .real)
    case "Truncated":
      try count(3...3)
      let base = try elaborate(arguments[0].value)
      if case .unchecked = base { return base }
      let (law, type) = try distribution(base, arguments[0].value.span)
      let low = try number(arguments[1].value)
      let high = try number(arguments[2].value)
      guard let first = scalar(low), let last = scalar(high) else { return .unchecked("a distribution") }
      if let a = context.pool.constant(first), let b = context.pool.constant(last), a > b {
        throw fault(
          "nothing lies between \(NumberText.significant(a, digits: 8)) and \(NumberText.significant(b, digits: 8))", span)
      }
      if case .value(.distribution(let known)) = base, let a = context.pool.constant(first), let b = context.pool.constant(last) {
        return .value(.distribution(DistributionValue(.truncated(known, low: a, high: b))))
      }
      return .distribution(.truncated(law, low: first, high: last), type)
    default: break
    }
    guard let family = Self.family(named: name) else { throw Self.silent }
    let names = family.parameters
    var given: [String: Operand] = [:]
    var places: [String: SourceSpan] = [:]
    var position = 0
    for argument in arguments {
      var label = argument.label?.text ?? ""
      if argument.label == nil {
        guard position < names.count else {
          throw fault("`\(name)` is called as `\(signature)`", argument.value.span, label: "one too many")
        }
        label = names[position]
        position += 1
      } else if !names.contains(label) {
        throw fault(
          "`\(name)` has no argument `\(label)`", argument.label?.span ?? span, notes: ["it is called as `\(signature)`"])
      }
      given[label] = try number(argument.value)
      places[label] = argument.value.span
    }
    for label in names where given[label] == nil {
      throw fault("`\(name)` is called as `\(signature)`", span, label: "`\(label)` is missing")
    }
    let operands = names.compactMap { given[$0] }
    if operands.contains(where: { if case .unchecked = $0 { true } else { false } }) { return .unchecked("a distribution") }
    var known: [Double] = []
    for label in names {
      guard case .value(let value)? = given[label], let (number, _) = encode(value) else { continue }
      try check(family, label, number, places[label] ?? span)
      known.append(number)
    }
    if known.count == names.count {
      if family == .uniform, known[0] >= known[1] { throw fault("`Uniform(low, high)` needs low below high", span) }
      return .value(.distribution(DistributionValue(.primitive(family, known))))
    }
    return .distribution(.primitive(family, operands.compactMap { scalar($0) }), family.isDiscrete ? .integer : .real)
  }

  private static func family(named name: String) -> DistributionFamily? {
    switch name {
    case "Uniform": .uniform
    case "LogNormal": .logNormal
    case "StudentT": .studentT
    default: DistributionFamily(rawValue: name.lowercased())
    }
  }

  private mutating func number(_ expression: AST.Expression) throws -> Operand {
    let operand = try elaborate(expression)
    switch operand {
    case .unchecked, .value(.integer), .value(.real): return operand
    case .scalar(let id) where isNumber(id): return operand
    default: throw fault("a number is needed here, and this is \(describe(operand))", expression.span)
    }
  }

  /// Parameters that make no sense, where they are known.
  private func check(_ family: DistributionFamily, _ label: String, _ value: Double, _ span: SourceSpan) throws {
    let text = NumberText.significant(value, digits: 8)
    guard value.isFinite else { throw fault("`\(label)` cannot be \(text)", span) }
    switch (family, label) {
    case (.bernoulli, _), (.binomial, "p"):
      if value < 0 || value > 1 { throw fault("\(text) is not a probability", span, label: "probabilities lie between 0 and 1") }
    case (.geometric, _):
      if value <= 0 || value > 1 { throw fault("`p` of Geometric lies above 0 and is at most 1; this is \(text)", span) }
    case (.binomial, "n"):
      if value < 0 || value.rounded() != value || value > Double(Self.largestInteger) {
        throw fault("`n` of Binomial is a whole number from 0; this is \(text)", span)
      }
    case (.poisson, _):
      if value < 0 { throw fault("the rate of Poisson is not negative; this is \(text)", span) }
    case (.normal, "sd"), (.logNormal, "sdLog"), (.exponential, _), (.gamma, _), (.beta, _), (.studentT, _):
      if value <= 0 { throw fault("`\(label)` must be positive; this is \(text)", span) }
    default: break
    }
  }
}
