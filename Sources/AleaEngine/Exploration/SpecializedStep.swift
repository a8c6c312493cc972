import AleaModel
import AleaSyntax

/// A step written out for one joint action: like a guarded command, straight-line code for every outcome.
///
/// The action's values are put into the expressions, which folds `match` and `if` over the action away; every outcome of the draws
/// becomes a pair of expressions, its weight and the key of the successor. Nothing is left to mask.
struct SpecializedAction {
  var action: Int
  /// Outputs: weight and key (in one or two parts) of each outcome in turn, then the expected reward of each channel.
  var program: BatchProgram
  var outcomeCount: Int
}

/// A key of one word in one or two parts, each exact in a `Double`; no field lies in both.
struct KeySplit {
  /// Where the upper part begins; nil when the lower part is all.
  let boundary: Int?

  /// Nil for keys that do not fit.
  init?(_ layout: StateLayout) {
    guard layout.words == 1 else { return nil }
    if layout.bitCount <= 52 {
      boundary = nil
      return
    }
    guard let boundary = layout.fields.filter({ $0.shift + $0.bits > 52 }).map(\.shift).min(), layout.bitCount - boundary <= 52
    else { return nil }
    self.boundary = boundary
  }

  var parts: Int { boundary == nil ? 1 : 2 }
  func part(of field: StateLayout.Field) -> Int { boundary.map { field.shift >= $0 ? 1 : 0 } ?? 0 }
  /// Where a field begins within its part.
  func shift(of field: StateLayout.Field) -> Int { part(of: field) == 0 ? field.shift : field.shift - (boundary ?? 0) }
}

/// Writes steps out, action by action.
struct ActionSpecializer {
  private let plan: StepPlan
  private let layout: StateLayout
  private let expander: SupportExpander
  private(set) var pool: ExpressionPool
  /// The summands of the rewards that depend on nothing drawn or computed in the step.
  private let isDirect: [Bool]
  /// Which expressions of the pool read nothing but states and the time, as far as that was looked at.
  private var readsStateOnly: [Bool] = []
  /// Stand for the key of the state that is left: its lower and its upper part.
  let keys: [VariableID]
  let split: KeySplit

  /// A process with more outcomes than this is left to the general form.
  static let outcomeLimit = 16_384
  static let outcomeLimitPerAction = 64

  /// Nil when the states do not fit the form: the parts of keys must be exact in a `Double`, and nothing is observed on arrival.
  init?(plan: StepPlan, layout: StateLayout, expander: SupportExpander) {
    guard plan.observed.isEmpty, !plan.isClosed, let split = KeySplit(layout), layout.fields.allSatisfy({ $0.offset != nil })
    else {
      return nil
    }
    self.plan = plan
    self.layout = layout
    self.expander = expander
    pool = plan.process.pool
    self.split = split
    keys = (0..<split.parts).map { VariableID(plan.process.variables.count + $0) }
    let known = Set(plan.chosen.map { Slot.current($0) } + plan.states.map { .current($0) })
    isDirect = plan.terms.map {
      DependenceGraph.slots(mentionedBy: [$0.term.expression], in: plan.process.pool).isSubset(of: known)
    }
  }

  private struct Outcome {
    var image: [Slot: ExpressionID]
    var weight: ExpressionID
  }

  private mutating func constants(_ values: [Double]) -> [Slot: ExpressionID] {
    var constants: [Slot: ExpressionID] = [:]
    for (id, value) in zip(plan.chosen, values) {
      constants[.current(id)] = pool.constant(value, type: plan.process[id].domain.type)
    }
    return constants
  }

  /// Where an action is available.
  mutating func condition(values: [Double]) -> ExpressionID {
    let constants = constants(values)
    var condition = pool.constant(1, type: .boolean)
    for expression in plan.availability {
      condition = pool.binary(.and, condition, rewrite(expression, constants), type: .boolean, span: nil)
    }
    return condition
  }

  /// The program of a condition.
  func compile(condition: ExpressionID) -> BatchProgram {
    BatchCompiler(pool: pool, leaf: plan.interval).compile([BatchRoot(condition)])
  }

  func guardIndex(_ conditions: [ExpressionID], machine: BatchMachine) -> GuardIndex {
    GuardIndex(conditions, pool: pool, plan: plan, layout: layout, machine: machine)
  }

  /// The action's program, or nil when the step cannot be written out for it.
  mutating func specialize(_ action: Int, values: [Double], where condition: ExpressionID) -> SpecializedAction? {
    let constants = constants(values)
    let known = refined(by: condition)
    let leaf: (ExpressionKind) -> Interval = { [plan, keys] leaf in
      if case .variable(let id) = leaf {
        if keys.contains(id) { return Interval(0, 0x1p52, isInteger: true) }
        return known[id] ?? plan.interval(of: leaf)
      }
      return plan.interval(of: leaf)
    }
    var outcomes = [Outcome(image: constants, weight: pool.constant(1, type: .real))]
    for slot in plan.step {
      switch plan.mechanism(of: slot) {
      case .value(let expression):
        for index in outcomes.indices {
          let value = rewrite(expression, outcomes[index].image)
          // Next values are checked where they enter the key.
          if case .next = slot {
            outcomes[index].image[slot] = value
          } else {
            outcomes[index].image[slot] = guarded(value, plan.domain(of: slot), leaf)
          }
        }
      case .draw(let distribution):
        var widened: [Outcome] = []
        for outcome in outcomes {
          guard let extended = extend(outcome, slot, distribution, leaf) else { return nil }
          widened += extended
          if widened.count > Self.outcomeLimitPerAction { return nil }
        }
        outcomes = widened
      case .chosen, .unspecified: return nil
      }
    }

    var checks: [ExpressionID: Domain] = [:]
    var roots: [BatchRoot] = []
    for outcome in outcomes {
      roots.append(BatchRoot(outcome.weight))
      for part in keys.indices { roots.append(BatchRoot(successorKey(part, outcome, leaf, &checks))) }
    }
    for channel in plan.process.channels.indices {
      roots.append(BatchRoot(expectedReward(channel, outcomes, constants), check: .reals))
    }
    let compiler = BatchCompiler(pool: pool, leaf: leaf, checks: checks)
    return SpecializedAction(action: action, program: compiler.compile(roots), outcomeCount: outcomes.count)
  }

  private mutating func rewrite(_ expression: ExpressionID, _ image: [Slot: ExpressionID]) -> ExpressionID {
    // Most expressions are a list of one element for each action: the element is often free of what is known already.
    var id = expression
    while case .gather(let index, let elements) = pool[id].kind, case .variable(let selector) = pool[index].kind,
      let known = image[.current(selector)].flatMap({ pool.constant($0) }), known >= 0, known < Double(elements.count),
      known.rounded() == known
    {
      id = elements[Int(known)]
    }
    if isOfStateOnly(id) { return id }
    return rewrite([id], image)[0]
  }

  private mutating func isOfStateOnly(_ id: ExpressionID) -> Bool {
    let states = plan.states
    while readsStateOnly.count <= Int(id.index) {
      let next = ExpressionID(readsStateOnly.count)
      switch pool[next].kind {
      case .constant, .time: readsStateOnly.append(true)
      case .variable(let variable): readsStateOnly.append(states.contains(variable))
      case .next: readsStateOnly.append(false)
      default: readsStateOnly.append(pool.operands(of: next).allSatisfy { readsStateOnly[Int($0.index)] })
      }
    }
    return readsStateOnly[Int(id.index)]
  }

  private mutating func rewrite(_ expressions: [ExpressionID], _ image: [Slot: ExpressionID]) -> [ExpressionID] {
    pool.rewriting(expressions) { leaf in
      switch leaf {
      case .variable(let id): image[.current(id)]
      case .next(let id): image[.next(id)]
      default: nil
      }
    }
  }

  /// What a condition says about single variables, where it holds: `x < 5`, `2 <= x`, `x == 3`, and conjunctions of these.
  private func refined(by condition: ExpressionID) -> [VariableID: Interval] {
    var result: [VariableID: Interval] = [:]
    func bound(_ id: VariableID, _ lower: Double, _ upper: Double) {
      var interval = result[id] ?? plan.interval(of: .variable(id))
      interval.lower = max(interval.lower, lower)
      interval.upper = min(interval.upper, upper)
      if interval.lower <= interval.upper { result[id] = interval }
    }
    func walk(_ id: ExpressionID) {
      guard case .binary(let function, let a, let b) = pool[id].kind else { return }
      if function == .and {
        walk(a)
        walk(b)
        return
      }
      if case .variable(let variable) = pool[a].kind, let k = pool.constant(b) {
        let isInteger = plan.interval(of: pool[a].kind).isInteger
        switch function {
        case .less: bound(variable, -.infinity, isInteger ? k.rounded(.up) - 1 : k)
        case .lessEqual: bound(variable, -.infinity, k)
        case .equal: bound(variable, k, k)
        default: break
        }
      } else if let k = pool.constant(a), case .variable(let variable) = pool[b].kind {
        let isInteger = plan.interval(of: pool[b].kind).isInteger
        switch function {
        case .less: bound(variable, isInteger ? k.rounded(.down) + 1 : k, .infinity)
        case .lessEqual: bound(variable, k, .infinity)
        case .equal: bound(variable, k, k)
        default: break
        }
      }
    }
    walk(condition)
    return result
  }

  // MARK: Outcomes

  private mutating func extend(
    _ outcome: Outcome, _ slot: Slot, _ distribution: Distribution, _ leaf: (ExpressionKind) -> Interval
  ) -> [Outcome]? {
    var rewritten: [ExpressionID: ExpressionID] = [:]
    for expression in distribution.expressions where rewritten[expression] == nil {
      rewritten[expression] = rewrite(expression, outcome.image)
    }
    guard let parts = branches(distribution.mapExpressions { rewritten[$0]! }, slot) else { return nil }
    return parts.map { value, weight in
      var result = outcome
      result.image[slot] = guarded(value, plan.domain(of: slot), leaf)
      result.weight = pool.binary(.multiply, outcome.weight, weight, type: .real, span: nil)
      return result
    }
  }

  private struct NotConstant: Error {}

  private func constantSupport(_ distribution: Distribution, _ slot: Slot) throws -> Support {
    try expander.expand(
      distribution, saturation: plan.saturation[slot],
      read: {
        guard let value = pool.constant($0) else { throw NotConstant() }
        return value
      }, span: { _ in nil })
  }

  /// The outcomes of a draw as expressions; nil when they cannot be written out.
  private mutating func branches(_ distribution: Distribution, _ slot: Slot) -> [(value: ExpressionID, weight: ExpressionID)]? {
    do {
      let support = try constantSupport(distribution, slot)
      if support.tailMass > 0 {
        // What is cut must make no difference: else it has to be accounted for, which the general form does.
        guard let saturation = plan.saturation[slot], let end = support.end, saturation <= end else { return nil }
      }
      guard support.values.count <= Self.outcomeLimitPerAction else { return nil }
      return zip(support.values, support.weights).filter { $0.1 > 0 }.map { value, weight in
        (self.pool.constant(value, type: plan.domain(of: slot).type), self.pool.constant(weight, type: .real))
      }
    } catch is NotConstant {
    } catch {
      // Wrong parameters are reported by the general form, which knows the state.
      return nil
    }
    switch distribution {
    case .finite(let outcomes, let isNormalized):
      let weights = self.weights(outcomes.map(\.weight), isNormalized: isNormalized)
      return zip(outcomes.map(\.value), weights).filter { self.pool.constant($0.1) != 0 }.map { ($0, $1) }
    case .primitive(.bernoulli, let parameters):
      let one = self.pool.constant(1, type: .integer)
      let zero = self.pool.constant(0, type: .integer)
      let rest = self.pool.binary(.subtract, one, parameters[0], type: .real, span: nil)
      // A probability outside 0..1 makes one of the two negative; with other draws beside it, their product could hide that.
      let weights = self.weights([rest, parameters[0]], isNormalized: true)
      return [(zero, weights[0]), (one, weights[1])]
    case .select(let condition, let a, let b):
      if let value = self.pool.constant(condition) { return branches(value != 0 ? a : b, slot) }
      guard let first = branches(a, slot), let second = branches(b, slot) else { return nil }
      let zero = self.pool.constant(0, type: .real)
      return first.map { ($0.value, self.pool.select(condition, $0.weight, zero, type: .real, span: nil)) }
        + second.map { ($0.value, self.pool.select(condition, zero, $0.weight, type: .real, span: nil)) }
    case .mixture(let components):
      let weights = self.weights(components.map(\.weight), isNormalized: false)
      var result: [(value: ExpressionID, weight: ExpressionID)] = []
      for (component, weight) in zip(components, weights) {
        guard let part = branches(component.distribution, slot) else { return nil }
        result += part.map { ($0.value, self.pool.binary(.multiply, $0.weight, weight, type: .real, span: nil)) }
      }
      return result
    case .primitive, .truncated: return nil
    }
  }

  /// Weights that are NaN unless none is negative and they sum to one (or are divided by their sum).
  private mutating func weights(_ weights: [ExpressionID], isNormalized: Bool) -> [ExpressionID] {
    let zero = pool.constant(0, type: .real)
    var isFine = pool.constant(1, type: .boolean)
    var sum = zero
    for weight in weights {
      let isPositive = pool.binary(.lessEqual, zero, weight, type: .boolean, span: nil)
      isFine = pool.binary(.and, isFine, isPositive, type: .boolean, span: nil)
      sum = pool.binary(.add, sum, weight, type: .real, span: nil)
    }
    if isNormalized {
      // A single draw is checked when its row is stored.
      guard drawCount > 1 else { return weights }
      let one = pool.constant(1, type: .real)
      let gap = pool.unary(.abs, pool.binary(.subtract, sum, one, type: .real, span: nil), type: .real, span: nil)
      let tolerance = pool.constant(1e-9, type: .real)
      isFine = pool.binary(
        .and, isFine, pool.binary(.lessEqual, gap, tolerance, type: .boolean, span: nil), type: .boolean, span: nil)
      return weights.map { poisoned($0, unless: isFine) }
    }
    return weights.map { poisoned(pool.binary(.divide, $0, sum, type: .real, span: nil), unless: isFine) }
  }

  private var drawCount: Int {
    plan.step.count { if case .draw = plan.mechanism(of: $0) { true } else { false } }
  }

  private mutating func poisoned(_ value: ExpressionID, unless condition: ExpressionID) -> ExpressionID {
    if pool.constant(condition) == 1 { return value }
    return pool.select(condition, value, pool.constant(.nan, type: .real), type: pool[value].type, span: nil)
  }

  /// The value, or NaN outside its domain.
  private mutating func guarded(_ value: ExpressionID, _ domain: Domain, _ leaf: (ExpressionKind) -> Interval) -> ExpressionID {
    let interval = IntervalEvaluator(pool)([value], leaf: leaf)[value]!
    if interval.isInside(domain) || (domain == .reals) || (domain == .integers && interval.isInteger) { return value }
    var isFine = pool.constant(1, type: .boolean)
    func require(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID) {
      isFine = pool.binary(
        .and, isFine, pool.binary(function, a, b, type: .boolean, span: nil), type: .boolean, span: nil)
    }
    let bounds = Interval(domain)
    if bounds.lower.isFinite { require(.lessEqual, pool.constant(bounds.lower, type: .real), value) }
    if bounds.upper.isFinite { require(.lessEqual, value, pool.constant(bounds.upper, type: .real)) }
    if bounds.isInteger { require(.equal, value, pool.unary(.floor, value, type: .integer, span: nil)) }
    switch domain {
    case .numbers(let values):
      var isMember = pool.constant(0, type: .boolean)
      for member in values {
        let equal = pool.binary(.equal, value, pool.constant(member, type: .real), type: .boolean, span: nil)
        isMember = pool.binary(.or, isMember, equal, type: .boolean, span: nil)
      }
      isFine = pool.binary(.and, isFine, isMember, type: .boolean, span: nil)
    default: break
    }
    return poisoned(value, unless: isFine)
  }

  // MARK: What comes out

  /// A part of the successor's key: the old one plus what each changed field in it moves it by.
  private mutating func successorKey(
    _ part: Int, _ outcome: Outcome, _ leaf: (ExpressionKind) -> Interval, _ checks: inout [ExpressionID: Domain]
  ) -> ExpressionID {
    var result = pool.intern(.variable(keys[part]), type: .integer, span: nil)
    var constant = 0.0
    for (number, id) in plan.states.enumerated() where split.part(of: layout.fields[number]) == part {
      let field = layout.fields[number]
      let scale = Double(sign: .plus, exponent: split.shift(of: field), significand: 1)
      let value = outcome.image[.next(id)]!
      let old = pool.intern(.variable(id), type: field.domain.type, span: nil)
      if value == old { continue }
      // Unbounded integers are kept in 32 bits.
      let domain = field.domain == .integers ? .range(Int(Int32.min), Int(Int32.max)) : field.domain
      let isInside = IntervalEvaluator(pool)([value], leaf: leaf)[value]!.isInside(domain)
      // `x' = x + c` moves the key by a constant.
      if isInside, case .binary(let function, let a, let b) = pool[value].kind, a == old, let k = pool.constant(b) {
        if function == .add {
          constant += k * scale
          continue
        }
        if function == .subtract {
          constant -= k * scale
          continue
        }
      }
      var moved = value
      if !isInside {
        // Interned as it stands, since a pick from a list of one would be folded away.
        moved = pool.intern(
          .gather(index: pool.constant(0, type: .integer), [value]), type: pool[value].type, span: pool[value].span)
        checks[moved] = domain
      }
      let change = pool.binary(.subtract, moved, old, type: .integer, span: nil)
      let scaled = pool.binary(.multiply, change, pool.constant(scale, type: .integer), type: .integer, span: nil)
      result = pool.binary(.add, result, scaled, type: .integer, span: nil)
    }
    if layout.includesTime, split.part(of: layout.fields[plan.states.count]) == part {
      constant += Double(sign: .plus, exponent: split.shift(of: layout.fields[plan.states.count]), significand: 1)
    }
    return pool.binary(.add, result, pool.constant(constant, type: .integer), type: .integer, span: nil)
  }

  /// The expected reward of a channel: each summand averaged over the outcomes it depends on.
  private mutating func expectedReward(_ channel: Int, _ outcomes: [Outcome], _ constants: [Slot: ExpressionID]) -> ExpressionID {
    let zero = pool.constant(0, type: .real)
    var total = zero
    func scaled(_ expression: ExpressionID, _ coefficient: Double) -> ExpressionID {
      pool.binary(.multiply, pool.constant(coefficient, type: .real), expression, type: .real, span: nil)
    }
    for (number, entry) in plan.terms.enumerated() where entry.term.channel == channel {
      if isDirect[number] {
        let image = rewrite(entry.term.expression, constants)
        total = pool.binary(.add, total, scaled(image, entry.term.coefficient), type: .real, span: nil)
        continue
      }
      let images = outcomes.map { rewrite([entry.term.expression], $0.image)[0] }
      if let first = images.first, images.allSatisfy({ $0 == first }) {
        total = pool.binary(.add, total, scaled(first, entry.term.coefficient), type: .real, span: nil)
        continue
      }
      for (image, outcome) in zip(images, outcomes) {
        let earned = pool.binary(
          .multiply, outcome.weight, scaled(image, entry.term.coefficient), type: .real, span: nil)
        // An outcome that cannot happen may have no reward.
        let isPossible = pool.binary(.notEqual, outcome.weight, zero, type: .boolean, span: nil)
        total = pool.binary(.add, total, pool.select(isPossible, earned, zero, type: .real, span: nil), type: .real, span: nil)
      }
    }
    return total
  }
}
