import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Calls

  mutating func call(_ callee: AST.Expression, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    if case .name(let name) = callee.kind {
      let isShadowed = locals.contains { $0.name == name }
      if !isShadowed {
        if let function = model?.function(named: name) { return try apply(function, arguments, callee.span, span) }
        if let model, let unknown = try model.application(of: name, arguments, &self, span) { return unknown }
        if let binding = environment[name] {
          switch binding.kind {
          case .function(let function): return try apply(function, arguments, callee.span, span)
          case .native(let native):
            // `size(neighbours(m))` is about a set, `size(Inventory)` about a model.
            if name != "size" || arguments.contains(where: { isObject($0.value) }) {
              return try call(native, arguments, callee.span, span)
            }
          default: break
          }
        }
        if Builtin.distributionNames.contains(name) { return try distributionCall(name, arguments, span) }
        if let builtin = Builtin.byName[name] { return try call(builtin, arguments, span) }
        if try lookup(name, callee.span) == nil {
          let nearest = environment.name(abbreviated: name) ?? Spelling.nearest(name, in: namesInScope)
          throw fault(
            "there is no function `\(name)`", callee.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
            fixIts: nearest.map { [.init(callee.span, replacement: $0)] } ?? [])
        }
      }
    }
    let operand = try elaborate(callee)
    switch operand {
    case .unchecked:
      for argument in arguments { _ = try elaborate(argument.value) }
      return operand
    case .value(.object(let object)):
      if let model = object as? ModelObject {
        let given = try given(arguments)
        let complete = ModelObject(definition: model.definition, arguments: model.arguments + given)
        try checkLabels(given, against: model.definition.syntax.parameters, of: "model `\(model.definition.name)`", span)
        return .value(.object(complete))
      }
      if let policy = object as? PolicyObject {
        let given = try given(arguments)
        try checkLabels(given, against: policy.definition.syntax.parameters, of: "policy `\(policy.definition.name)`", span)
        return .value(.object(PolicyObject(definition: policy.definition, arguments: policy.arguments + given)))
      }
      if let callable = object as? any CallableObject { return try call(callable, arguments, span) }
      throw fault("\(object.typeName) cannot be called", callee.span)
    default: throw fault("\(describe(operand)) cannot be called", callee.span)
    }
  }

  /// Calls an object with known arguments: `fit.h(price: 20)`.
  private mutating func call(_ object: any CallableObject, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    let given = try arguments.map { argument -> IndexArgument? in
      switch try elaborate(argument.value) {
      case .value(let value): return IndexArgument(label: argument.label?.text, value: value)
      case .unchecked: return nil
      default: throw fault("the argument must be known", argument.value.span)
      }
    }
    let known = given.compactMap { $0 }
    guard known.count == given.count else { return .unchecked("a value") }
    return .value(try placed(span) { try object.call(known) })
  }

  func isObject(_ expression: AST.Expression) -> Bool {
    var copy = self
    if case .value(.object)? = try? copy.elaborate(expression) { return true }
    return false
  }

  mutating func given(_ arguments: [AST.Argument]) throws -> [GivenArgument] {
    try arguments.map { argument in
      switch try elaborate(argument.value) {
      case .value(let value): return GivenArgument(label: argument.label?.text, value: value, span: argument.value.span)
      case .unchecked: return GivenArgument(label: argument.label?.text, value: .nothing, span: argument.value.span)
      default: throw fault("arguments of models and policies must be known", argument.value.span)
      }
    }
  }

  /// Unknown and repeated labels, and too many arguments.
  func checkLabels(_ given: [GivenArgument], against parameters: [AST.Parameter], of what: String, _ span: SourceSpan) throws {
    var used = Set<String>()
    var position = 0
    for argument in given {
      if let label = argument.label {
        guard parameters.contains(where: { $0.name.text == label }) else {
          let nearest = Spelling.nearest(label, in: parameters.map(\.name.text))
          throw fault(
            "\(what) has no parameter `\(label)`", argument.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
            notes: parameters.isEmpty ? ["it has no parameters"] : ["its parameters are \(list(parameters.map(\.name.text)))"])
        }
        guard used.insert(label).inserted else { throw fault("`\(label)` is given twice", argument.span) }
      } else {
        guard position < parameters.count else {
          throw fault(
            "\(what) takes \(parameters.count) argument\(parameters.count == 1 ? "" : "s")", argument.span, label: "one too many")
        }
        guard used.insert(parameters[position].name.text).inserted else {
          throw fault("`\(parameters[position].name.text)` is given twice", argument.span)
        }
        position += 1
      }
    }
  }

  func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

  /// Applies a function written in Alea.
  mutating func apply(
    _ function: FunctionDefinition, _ arguments: [AST.Argument], _ place: SourceSpan, _ span: SourceSpan
  )
    throws -> Operand
  {
    let name = function.syntax.name.text
    let parameters = function.syntax.parameters
    var bound: [Local] = []
    var position = 0
    var outside = Elaborator(context: context, environment: function.environment)
    outside.hidesModel = !function.isMember
    for argument in arguments {
      let target: AST.Parameter
      if let label = argument.label {
        guard let parameter = parameters.first(where: { $0.name.text == label.text }) else {
          let nearest = Spelling.nearest(label.text, in: parameters.map(\.name.text))
          throw fault(
            "`\(name)` has no parameter `\(label.text)`", label.span, label: nearest.map { "did you mean `\($0)`?" } ?? "")
        }
        target = parameter
      } else {
        guard position < parameters.count else {
          throw fault(
            "`\(name)` takes \(parameters.count) argument\(parameters.count == 1 ? "" : "s")", argument.value.span,
            label: "one too many")
        }
        target = parameters[position]
        position += 1
      }
      if bound.contains(where: { $0.name == target.name.text }) {
        throw fault("`\(target.name.text)` is given twice", argument.value.span)
      }
      var operand = try elaborate(argument.value)
      if let type = target.type {
        var scope = outside
        operand = try scope.convert(operand, to: type, argument.value.span, what: "`\(target.name.text)` of `\(name)`")
      }
      bound.append(Local(name: target.name.text, operand: operand))
    }
    for parameter in parameters where !bound.contains(where: { $0.name == parameter.name.text }) {
      guard let value = parameter.defaultValue else {
        throw fault(
          "`\(name)` needs \(parameters.count) argument\(parameters.count == 1 ? "" : "s")", span,
          label: "`\(parameter.name.text)` is missing",
          secondary: [.init(function.syntax.name.span, "declared here")])
      }
      var scope = outside
      scope.locals = bound
      bound.append(Local(name: parameter.name.text, operand: try scope.elaborate(value)))
    }
    context.callDepth += 1
    defer { context.callDepth -= 1 }
    if context.callDepth > Self.maximumCallDepth || context.hasNoRoomForCalls {
      throw fault(
        "`\(name)` calls itself more than \(context.callDepth - 1) times", place,
        notes: ["a recursion ends only where its condition is known before the model runs"])
    }
    var scope = outside
    scope.locals = bound
    let result = try scope.elaborate(function.syntax.body)
    guard let type = function.syntax.result else { return result }
    return try scope.convert(result, to: type, function.syntax.body.span, what: "the value of `\(name)`")
  }

  /// Applies a pure function of the language.
  mutating func call(_ builtin: Builtin, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    func count(_ wanted: ClosedRange<Int>) throws {
      guard wanted.contains(arguments.count) else {
        throw fault(
          "`\(builtin.name)` is called as `\(builtin.signature)`", span,
          label: "\(arguments.count) argument\(arguments.count == 1 ? "" : "s") given")
      }
    }
    if let labelled = arguments.first(where: { $0.label != nil && !(builtin.name == "log" && $0.label?.text == "base") }) {
      throw fault(
        "`\(builtin.name)` has no labelled arguments", labelled.label?.span ?? span,
        notes: ["it is called as `\(builtin.signature)`"])
    }
    switch builtin.rule {
    case .unary(let function, let type):
      try count(1...1)
      return try apply(function, type, elaborate(arguments[0].value), span, arguments[0].value.span)
    case .binary(let function):
      var operands: [Operand] = []
      if arguments.count == 1, case .value(.object(let object as any ElementwiseObject)) = try elaborate(arguments[0].value) {
        return .value(try placed(arguments[0].value.span) { try object.reduced(function) })
      }
      if arguments.count == 1, let elements = try elements(of: elaborate(arguments[0].value), arguments[0].value.span) {
        operands = elements
      } else {
        operands = try arguments.map { try elaborate($0.value) }
      }
      guard let result = try balanced(operands, { try extremum(function, $0, $1, span, span) }) else {
        throw fault("`\(builtin.name)` of nothing has no value", span)
      }
      if operands.count == 1 { return try extremum(function, result, result, span, span) }
      return result
    case .pair(let function):
      try count(2...2)
      let operands = try numbers(arguments)
      guard let operands else { return .unchecked("a number") }
      let result = context.pool.binary(function, operands[0], operands[1], type: .real, span: span)
      return try known(result, of: builtin, span)
    case .ternary(let function):
      try count(3...3)
      guard let operands = try numbers(arguments) else { return .unchecked("a number") }
      let result = context.pool.ternary(function, operands[0], operands[1], operands[2], span: span)
      return try known(result, of: builtin, span)
    case .log:
      try count(1...2)
      let top = try apply(.ln, .real, elaborate(arguments[0].value), span, arguments[0].value.span)
      guard arguments.count == 2 else { return top }
      let bottom = try apply(.ln, .real, elaborate(arguments[1].value), span, arguments[1].value.span)
      return try binary(.divide, top, bottom, span, span, arguments[0].value.span, arguments[1].value.span)
    case .clamp:
      try count(3...3)
      let x = try elaborate(arguments[0].value)
      let raised = try extremum(.max, x, elaborate(arguments[1].value), span, arguments[1].value.span)
      return try extremum(.min, raised, elaborate(arguments[2].value), span, arguments[2].value.span)
    case .size:
      try count(1...1)
      let operand = try elaborate(arguments[0].value)
      if case .value(.range(let range)) = operand { return .value(.integer(range.count)) }
      guard let elements = try elements(of: operand, arguments[0].value.span) else { return .unchecked("an integer") }
      return .value(.integer(elements.count))
    case .sum:
      try count(1...1)
      let place = arguments[0].value.span
      let operand = try elaborate(arguments[0].value)
      if case .value(.object(let object as any ElementwiseObject)) = operand {
        return .value(try placed(place) { try object.reduced(.add) })
      }
      guard let elements = try elements(of: operand, place) else { return .unchecked("a number") }
      return try balanced(elements) { try binary(.add, $0, $1, span, span, place, place) } ?? .value(.integer(0))
    case .dot:
      try count(2...2)
      let places = arguments.map(\.value.span)
      guard let a = try elements(of: elaborate(arguments[0].value), places[0]),
        let b = try elements(of: elaborate(arguments[1].value), places[1])
      else { return .unchecked("a number") }
      guard a.count == b.count else { throw fault("`dot` of arrays of \(a.count) and \(b.count) elements", span) }
      let products = try zip(a, b).map { try binary(.multiply, $0, $1, span, span, places[0], places[1]) }
      return try balanced(products) { try binary(.add, $0, $1, span, span, places[0], places[1]) } ?? .value(.real(0))
    case .zeros, .ones, .identity:
      try count(1...1)
      let operand = try elaborate(arguments[0].value)
      if case .unchecked = operand { return operand }
      guard case .value(.integer(let n)) = operand, n >= 0, n <= 1_000_000 else {
        throw fault("`\(builtin.name)` needs a size that is a known integer from 0", arguments[0].value.span)
      }
      if case .identity = builtin.rule {
        guard n <= 2_000 else {
          throw fault("an identity matrix of \(n) rows is too large", arguments[0].value.span)
        }
        return .value(.array((0..<n).map { i in .array((0..<n).map { .real($0 == i ? 1 : 0) }) }))
      }
      if case .ones = builtin.rule { return .value(.array(Array(repeating: .real(1), count: n))) }
      return .value(.array(Array(repeating: .real(0), count: n)))
    case .present:
      try count(1...1)
      return try presence(of: arguments[0].value, span)
    case .real, .integer:
      try count(1...1)
      let operand = try elaborate(arguments[0].value)
      let isReal = if case .real = builtin.rule { true } else { false }
      switch operand {
      case .unchecked: return operand
      case .value(.boolean(let flag)): return .value(isReal ? .real(flag ? 1 : 0) : .integer(flag ? 1 : 0))
      case .value(.integer(let n)): return .value(isReal ? .real(Double(n)) : .integer(n))
      case .value(.real(let x)) where isReal || x.rounded() == x && x.magnitude < 0x1p53:
        return .value(isReal ? .real(x) : .integer(Int(x)))
      case .scalar(let id) where context.pool[id].type == .boolean:
        let (one, zero) = (
          context.pool.constant(1, type: isReal ? .real : .integer), context.pool.constant(0, type: isReal ? .real : .integer)
        )
        return .scalar(context.pool.select(id, one, zero, type: isReal ? .real : .integer, span: span))
      case .scalar(let id) where context.pool[id].type == .integer || isReal && context.pool[id].type == .real:
        return operand
      default:
        throw fault(
          "`\(builtin.name)` cannot take \(describe(operand))", arguments[0].value.span,
          notes: isReal ? [] : ["`floor`, `ceil` and `round` make integers of real numbers"])
      }
    }
  }

  /// The arguments of a function of numbers; nil when one is only known once the program runs.
  private mutating func numbers(_ arguments: [AST.Argument]) throws -> [ExpressionID]? {
    var result: [ExpressionID] = []
    for argument in arguments {
      let operand = try elaborate(argument.value)
      if case .unchecked = operand { return nil }
      guard let id = scalar(operand, argument.value.span), isNumber(id) else {
        throw fault("a number is needed here, and this is \(describe(operand))", argument.value.span)
      }
      result.append(id)
    }
    return result
  }

  /// At the top level a result must be a number.
  private func known(_ id: ExpressionID, of builtin: Builtin, _ span: SourceSpan) throws -> Operand {
    if let value = context.pool.constant(id) { return .value(.real(value)) }
    if context.model == nil {
      throw fault("this has no value", span, notes: ["`\(builtin.signature)`: \(builtin.documentation)"])
    }
    return .scalar(id)
  }

  /// Whether a column has a value: in an expression over rows, or of a whole column.
  private mutating func presence(of expression: AST.Expression, _ span: SourceSpan) throws -> Operand {
    if let model, case .name(let name) = expression.kind, let operand = try model.operand(named: "present(\(name))", at: span) {
      return operand
    }
    switch try elaborate(expression) {
    case .unchecked(let type): return .unchecked(type)
    case .value(.object(let object as any ElementwiseObject)): return .value(object.presence)
    default:
      throw fault(
        "`present` is asked of a column of data", expression.span, notes: ["as in `filter(data, present(age))`"])
    }
  }

  func apply(_ function: UnaryFunction, _ type: ScalarType?, _ operand: Operand, _ span: SourceSpan, _ place: SourceSpan)
    throws
    -> Operand
  {
    switch operand {
    case .unchecked: return operand
    case .value(.object(let object as any ElementwiseObject)):
      return .value(try placed(place) { try object.applying(function) })
    case .value(let value):
      guard case .integer = value else {
        guard case .real = value else {
          throw fault("`\(function.rawValue)` needs a number, and this is \(value.kindDescription)", place)
        }
        break
      }
    case .scalar(let id) where isNumber(id): break
    default: throw fault("`\(function.rawValue)` needs a number, and this is \(describe(operand))", place)
    }
    if case .value(let value) = operand, let (x, xType) = encode(value) {
      let result = function(x)
      if result.isNaN { throw fault("`\(function.rawValue)(\(value))` is not a number", place) }
      environment.numbers.note(.unary(function), [x], result)
      let isInteger = (type ?? xType) == .integer
      if isInteger, result.magnitude > 0x1p53 {
        throw fault("`\(function.rawValue)(\(value))` is beyond 2^53, the largest exact integer", place)
      }
      return .value(isInteger ? .integer(Int(result)) : .real(result))
    }
    guard let id = scalar(operand) else { throw Self.silent }
    return .scalar(context.pool.unary(function, id, type: type ?? context.pool[id].type, span: span))
  }
}
