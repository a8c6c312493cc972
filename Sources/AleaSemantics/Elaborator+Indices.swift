import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Indices and members

  mutating func index(_ base: AST.Expression, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    let operand = try elaborate(base)
    switch operand {
    case .unchecked:
      for argument in arguments { _ = try? elaborate(argument.value) }
      return operand
    case .value(.object(let object)):
      var given: [IndexArgument] = []
      for argument in arguments {
        var value: Value?
        let isTime = if case .name("t") = argument.value.kind, let model, model.allowsTime { true } else { false }
        if !isTime, case .name(let name) = argument.value.kind, try lookup(name, argument.value.span) == nil {
          value = object.symbol(named: name)
          if value == nil { throw unknownName(name, argument.value.span) }
        } else {
          switch try elaborate(argument.value) {
          case .value(let known): value = known
          case .unchecked(let type): return .unchecked(type)
          case .scalar(let id):
            guard arguments.count == 1, let (numbers, type) = (object as? any ElementwiseObject)?.elements else {
              throw fault("an index must be known here", argument.value.span)
            }
            guard context.pool[id].type == .integer else {
              throw fault("a column is indexed by integers from 0, and this is \(describe(.scalar(id)))", argument.value.span)
            }
            return .scalar(context.pool.lookup(context.pool.addTable(numbers), id, type: type, span: span))
          default: throw fault("an index must be known here", argument.value.span)
          }
        }
        given.append(IndexArgument(label: argument.label?.text, value: value ?? .nothing))
      }
      do {
        return .value(try object.subscriptValue(given))
      } catch let error as ValueError {
        throw fault(error.message, span, label: error.label, notes: error.notes)
      }
    case .value(.type):
      throw fault("a type cannot stand here", span)
    case .value(.record(let fields)):
      // A record whose keys are symbols: `weight[left]`.
      throw fault("a record has fields, not indices", span, label: "write `.\(fields.first?.name ?? "field")`")
    default: break
    }
    if let labelled = arguments.first(where: { $0.label != nil }) {
      throw fault("an array is indexed without labels", labelled.label?.span ?? span)
    }
    if arguments.isEmpty { throw fault("an index is missing", span) }
    var result = operand
    for argument in arguments { result = try element(of: result, elaborate(argument.value), span, argument.value.span) }
    return result
  }

  func element(of operand: Operand, _ index: Operand, _ span: SourceSpan, _ place: SourceSpan) throws -> Operand {
    if case .unchecked = index { return index }
    let elements: [Operand]
    var domain: Domain?
    switch operand {
    case .unchecked: return operand
    case .value(.array(let values)): elements = values.map { .value($0) }
    case .array(let operands, let arrayIndex):
      elements = operands
      if case .domain(let given) = arrayIndex { domain = given }
    case .value(.set), .value(.range): throw fault("a set has no order; put the values into an array", span)
    default: throw fault("\(describe(operand)) cannot be indexed", span)
    }
    if let domain {
      if case .value(let value) = index {
        guard let (code, _) = encode(value), let position = domain.position(of: code) else {
          throw fault("`\(value)` is not an index of this family", place, notes: ["it is indexed by \(text(of: domain))"])
        }
        return elements[position]
      }
      return try choose(elements, position: position(of: index, in: domain, place), span, place)
    }
    if case .value(let value) = index {
      guard case .integer(let position) = value else {
        throw fault("an array is indexed by integers from 0, and this is \(value.kindDescription)", place)
      }
      guard position >= 0, position < elements.count else {
        throw fault(
          elements.isEmpty ? "the array is empty" : "index \(position) is past the array", place,
          label: elements.isEmpty ? "" : "the array has \(elements.count) elements, 0 to \(elements.count - 1)")
      }
      return elements[position]
    }
    guard case .scalar(let id) = index, context.pool[id].type == .integer else {
      throw fault("an array is indexed by integers from 0, and this is \(describe(index))", place)
    }
    return try choose(elements, position: id, span, place)
  }

  /// The position of an unknown index within a family's index set.
  func position(of index: Operand, in domain: Domain, _ place: SourceSpan) throws -> ExpressionID {
    guard case .scalar(let id) = index else { throw fault("\(describe(index)) cannot be an index", place) }
    switch domain {
    case .range(let low, _):
      guard context.pool[id].type == .integer else { throw fault("this family is indexed by \(text(of: domain))", place) }
      if low == 0 { return id }
      return context.pool.binary(.subtract, id, context.pool.constant(Double(low), type: .integer), type: .integer, span: place)
    case .boolean:
      guard context.pool[id].type == .boolean || isBit(id) else {
        throw fault("this family is indexed by \(text(of: domain))", place)
      }
      return id
    case .symbols, .numbers:
      // A table from codes to positions; NaN where there is none.
      guard let count = domain.count else { throw Self.silent }
      var result = context.pool.constant(-1, type: .integer)
      for position in (0..<count).reversed() {
        let code = context.pool.constant(domain.value(at: position), type: context.pool[id].type)
        let test = context.pool.binary(.equal, id, code, type: .boolean, span: place)
        result = context.pool.select(
          test, context.pool.constant(Double(position), type: .integer), result, type: .integer, span: place)
      }
      return result
    case .integers, .reals: throw Self.silent
    }
  }

  func text(of domain: Domain) -> String {
    switch domain {
    case .boolean: return "true and false"
    case .range(let low, let high): return "\(low)..\(high)"
    case .symbols(let codes):
      return codes.prefix(8).map { context.symbols[$0].name }.joined(separator: ", ") + (codes.count > 8 ? ", ..." : "")
    case .numbers(let values): return values.prefix(8).map { NumberText.significant($0, digits: 6) }.joined(separator: ", ")
    case .integers: return "the integers"
    case .reals: return "the real numbers"
    }
  }

  /// The element at an unknown position.
  func chooseElement(_ elements: [Operand], position: ExpressionID, _ span: SourceSpan) throws -> Operand {
    try choose(elements, position: position, span, span)
  }

  func choose(_ elements: [Operand], position: ExpressionID, _ span: SourceSpan, _ place: SourceSpan) throws -> Operand {
    guard let first = elements.first else { throw fault("the array is empty", span) }
    if let lists = optionalAll(elements.map(elementOperands)) {
      guard Set(lists.map(\.count)).count == 1 else { throw fault("the rows of this array differ in length", span) }
      let chosen = try lists[0].indices.map { column in try choose(lists.map { $0[column] }, position: position, span, place) }
      // Families of families keep the index set of the inner ones.
      if case .array(_, let index) = first, case .domain = index { return .array(chosen, index: index) }
      return array(chosen)
    }
    if let records = optionalAll(elements.map(fieldList)), let names = records.first?.map(\.name) {
      guard records.allSatisfy({ $0.map(\.name) == names }) else {
        throw fault("the records of this array have different fields", span)
      }
      return record(
        try names.indices.map { field in
          (names[field], try choose(records.map { $0[field].operand }, position: position, span, place))
        })
    }
    var ids: [ExpressionID] = []
    var type: ScalarType?
    for element in elements {
      guard let id = scalar(element) else {
        throw fault("\(describe(first)) cannot be chosen by an index that is not known", span)
      }
      guard let joined = join(type ?? context.pool[id].type, context.pool[id].type) else {
        throw fault("the elements of this array differ in kind", span)
      }
      type = joined
      ids.append(id)
    }
    return .scalar(context.pool.gather(position, ids, type: type ?? .real, span: span))
  }

  func optionalAll<Element>(_ values: [Element?]) -> [Element]? {
    let present = values.compactMap { $0 }
    return present.count == values.count ? present : nil
  }

  func elementOperands(_ operand: Operand) -> [Operand]? {
    switch operand {
    case .value(.array(let values)): values.map { .value($0) }
    case .array(let operands, _): operands
    default: nil
    }
  }

  /// `M.x` inside an expression about the states of M, which may go by another name.
  private func variable(_ name: AST.Name, of model: ModelElaborator, as shown: String) throws -> Operand {
    if let operand = try model.operand(named: name.text, at: name.span) { return operand }
    let candidates = model.process.declarations.map(\.name)
    let nearest = Spelling.nearest(name.text, in: candidates)
    throw fault(
      "`\(shown)` has no variable `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
      notes: candidates.isEmpty ? [] : ["its variables are \(list(candidates))"])
  }

  mutating func member(_ base: AST.Expression, _ name: AST.Name, _ span: SourceSpan) throws -> Operand {
    if case .name(let baseName) = base.kind, let model, baseName == model.modelName {
      return try variable(name, of: model, as: baseName)
    }
    let operand = try elaborate(base)
    if case .unchecked = operand { return operand }
    if let fields = fieldList(operand) {
      if let field = fields.first(where: { $0.name == name.text }) { return field.operand }
      let nearest = Spelling.nearest(name.text, in: fields.map(\.name))
      throw fault(
        "the record has no field `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: ["its fields are \(list(fields.map(\.name)))"])
    }
    guard case .value(.object(let object)) = operand else { throw fault("\(describe(operand)) has no members", name.span) }
    if let given = object as? ModelObject, let model, given.definition.name == model.modelName {
      return try variable(name, of: model, as: model.modelName)
    }
    if let model = object as? ModelObject {
      let names = model.definition.questionNames
      if names.contains(name.text) { return .value(.object(ModelVariable(model: model, name: name.text))) }
      let nearest = Spelling.nearest(name.text, in: names)
      throw fault(
        "`\(model.definition.name)` has no variable `\(name.text)`", name.span,
        label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: names.isEmpty ? [] : ["its variables are \(list(names))"])
    }
    do {
      if let value = try object.member(name.text) { return .value(value) }
    } catch let error as ValueError {
      throw fault(error.message, name.span, label: error.label, notes: error.notes)
    }
    let names = object.members.map(\.name)
    let nearest = Spelling.nearest(name.text, in: names)
    throw fault(
      "\(object.typeName) has no member `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
      notes: names.isEmpty ? [] : ["its members are \(list(names))"])
  }
}
