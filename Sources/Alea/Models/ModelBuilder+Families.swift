// Variables of several parts: families over index sets, and records.

/// A variable for each value of an index, or of several: `up[Machine]` of the language.
///
///     let up = model.states("up", over: .cases(of: Machine.self), in: .boolean) { _ in true }
///     model.next(up) { machine, isUp in ... }
///     model.reward("running", .count(up.members))
public struct ModelFamily: Sendable {
  public let name: String
  /// The values of the index (of each index), member after member; the last index varies fastest.
  public let keys: [[ModelExpression]]
  /// The variables, in the order of ``keys``.
  public let members: [ModelExpression]
  private let indices: [[ModelExpression]]
  private let ranges: [ClosedRange<Int>?]

  init(name: String, over values: [ModelBuilder.Values], members: [ModelExpression], keys: [[ModelExpression]]) {
    self.name = name
    self.keys = keys
    self.members = members
    indices = values.map(\.expressions)
    ranges = values.map { if case .range(let range) = $0 { range } else { nil } }
  }

  /// The member at an index, which may depend on the state; of several indices one value for each.
  public subscript(_ index: ModelExpression...) -> ModelExpression {
    guard index.count == indices.count else {
      return ModelExpression(.fault("`\(name)` has \(indices.count) indices, and \(index.count) are given"))
    }
    return element(index[...], members[...])
  }

  private func element(_ index: ArraySlice<ModelExpression>, _ members: ArraySlice<ModelExpression>) -> ModelExpression {
    guard let first = index.first else { return members.first ?? ModelExpression(.fault("`\(name)` has no members")) }
    let values = indices[index.startIndex]
    guard !values.isEmpty else { return ModelExpression(.fault("the index of `\(name)` has no values")) }
    let width = members.count / values.count
    func part(_ position: Int) -> ModelExpression {
      let start = members.startIndex + position * width
      return element(index.dropFirst(), members[start..<start + width])
    }
    if let text = first.constantText {
      if let position = values.firstIndex(where: { $0.constantText == text }) { return part(position) }
      return ModelExpression(.fault("`\(name)` has no member at `\(text)`"))
    }
    let parts = values.indices.map(part)
    if let range = ranges[index.startIndex] {
      return ModelExpression(.gather(first - ModelExpression(range.lowerBound), parts))
    }
    // A variable of the index's values is one of them: the last needs no test.
    return zip(values, parts).dropLast().reversed().reduce(parts[parts.count - 1]) { rest, candidate in
      .choose(if: first == candidate.0, then: candidate.1, else: rest)
    }
  }
}

/// A variable with named parts: `(x: 0..4, y: 0..4)` of the language.
@dynamicMemberLookup
public struct ModelRecord: Sendable {
  public let name: String
  let fields: [(name: String, part: ModelExpression)]

  /// A part by its name.
  public subscript(dynamicMember field: String) -> ModelExpression { self[field] }

  /// A part by its name.
  public subscript(_ field: String) -> ModelExpression {
    fields.first { $0.name == field }?.part ?? ModelExpression(.fault("`\(name)` has no field `\(field)`"))
  }
}

/// A field of a record that is a state.
public struct ModelField: Sendable {
  let name: String
  let values: ModelBuilder.Values
  let origin: ModelBuilder.Origin

  /// A field with its initial value.
  public static func field(_ name: String, in values: ModelBuilder.Values, starting value: ModelExpression) -> ModelField {
    ModelField(name: name, values: values, origin: .value(value))
  }

  /// A field whose initial value is drawn.
  public static func field(_ name: String, in values: ModelBuilder.Values, from law: ModelLaw) -> ModelField {
    ModelField(name: name, values: values, origin: .law(law))
  }
}

extension ModelBuilder {
  /// A state for each value of an index, with its initial value; several indices make a family of families.
  public mutating func states(
    _ name: String, over index: Values..., in values: Values, starting value: (_ key: [ModelExpression]) -> ModelExpression
  ) -> ModelFamily { family(name, .state, index, in: values) { key in (.value(value(key)), nil) } }

  /// An action for each value of an index, available where the condition holds.
  public mutating func actions(
    _ name: String, over index: Values..., in values: Values,
    when condition: ((_ key: [ModelExpression], _ action: ModelExpression) -> ModelExpression)? = nil
  ) -> ModelFamily {
    family(name, .action, index, in: values) { key in (.chosen, condition.map { condition in { condition(key, $0) } }) }
  }

  /// A variable for each value of an index that is drawn in each step.
  public mutating func draws(
    _ name: String, over index: Values..., from law: (_ key: [ModelExpression]) -> ModelLaw
  ) -> ModelFamily { family(name, .derived, index, in: nil) { key in (.law(law(key)), nil) } }

  /// A variable for each value of an index that follows from others in each step.
  public mutating func values(
    _ name: String, over index: Values..., as expression: (_ key: [ModelExpression]) -> ModelExpression
  ) -> ModelFamily { family(name, .derived, index, in: nil) { key in (.value(expression(key)), nil) } }

  /// The next value of every state of a family.
  public mutating func next(
    _ family: ModelFamily, _ expression: (_ key: [ModelExpression], _ member: ModelExpression) -> ModelExpression
  ) { for (key, member) in zip(family.keys, family.members) { next(member, expression(key, member)) } }

  /// The next value of every state of a family, drawn independently given what its law mentions.
  public mutating func next(
    _ family: ModelFamily, from law: (_ key: [ModelExpression], _ member: ModelExpression) -> ModelLaw
  ) { for (key, member) in zip(family.keys, family.members) { next(member, from: law(key, member)) } }

  /// A state with named parts; each has a next value of its own: `model.next(place.x, ...)`.
  public mutating func state(_ name: String, of fields: [ModelField]) -> ModelRecord {
    let first = parts.count
    let made = fields.map { ($0.name, addPart("\(name).\($0.name)", .state, in: $0.values, $0.origin)) }
    let shape = fields.enumerated().map { (name: $1.name, shape: Whole.Shape.part(first + $0)) }
    wholes.append(Whole(name: name, role: .state, shape: .record(shape)))
    return ModelRecord(name: name, fields: made)
  }

  private mutating func family(
    _ name: String, _ role: Role, _ index: [Values], in values: Values?,
    _ make: (_ key: [ModelExpression]) -> (Origin, when: ((ModelExpression) -> ModelExpression)?)
  ) -> ModelFamily {
    if index.isEmpty { faults.append("the family `\(name)` has no index") }
    if index.contains(where: \.expressions.isEmpty) { faults.append("the index of `\(name)` has no values, or too many") }
    var keys: [[ModelExpression]] = [[]]
    for values in index { keys = keys.flatMap { key in values.expressions.map { key + [$0] } } }
    let first = parts.count
    let members = keys.map { key in
      let (origin, condition) = make(key)
      let place = key.map { "[\($0.constantText ?? "")]" }.joined()
      return addPart(name + place, role, in: values, origin, when: condition)
    }
    var shapes = members.indices.map { Whole.Shape.part(first + $0) }
    for values in index.reversed() {
      let size = max(1, values.expressions.count)
      shapes = stride(from: 0, to: shapes.count, by: size).map {
        .array(index: values, Array(shapes[$0..<min($0 + size, shapes.count)]))
      }
    }
    wholes.append(Whole(name: name, role: role, shape: shapes.first ?? .record([])))
    return ModelFamily(name: name, over: index, members: members, keys: keys)
  }
}

extension ModelBuilder.Values {
  /// The values of a finite set, in order; nothing of an infinite one.
  var expressions: [ModelExpression] {
    switch self {
    case .range(let range): range.map { ModelExpression($0) }
    case .names(let names): names.map { .symbol($0) }
    case .numbers(let numbers): numbers.map { ModelExpression($0) }
    case .boolean: [false, true]
    case .integers, .reals: []
    }
  }
}

extension ModelExpression {
  /// A constant as texts write it; nil of what is none.
  var constantText: String? {
    switch node {
    case .symbol(let name): name
    case .constant(let value, .boolean): value == 0 ? "false" : "true"
    case .constant(let value, _): NumberText.significant(value, digits: 17)
    default: nil
    }
  }
}
