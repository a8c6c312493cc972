import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Binders

  /// Runs `body` for every combination of the bound values; the filter's operand is passed when it is not known to hold.
  mutating func forEach(
    _ bindings: [AST.Binding], _ filter: AST.Expression?, _ body: (inout Elaborator, Operand?) throws -> Void
  ) throws {
    func descend(_ elaborator: inout Elaborator, _ rest: ArraySlice<AST.Binding>) throws {
      guard let binding = rest.first else {
        if let filter {
          let condition = try elaborator.boolean(filter)
          if case .value(.boolean(let known)) = condition {
            if known { try body(&elaborator, nil) }
            return
          }
          return try body(&elaborator, condition)
        }
        return try body(&elaborator, nil)
      }
      let set = try elaborator.elaborate(binding.set)
      guard let members = try elaborator.elements(of: set, binding.set.span) else {
        elaborator.locals.append(Local(name: binding.name.text, operand: .unchecked("a value")))
        defer { elaborator.locals.removeLast() }
        return try descend(&elaborator, rest.dropFirst())
      }
      for member in members {
        elaborator.locals.append(Local(name: binding.name.text, operand: member))
        defer { elaborator.locals.removeLast() }
        try descend(&elaborator, rest.dropFirst())
      }
    }
    try descend(&self, bindings[...])
  }

  mutating func binder(
    _ word: AST.Name, _ bindings: [AST.Binding], _ filter: AST.Expression?, _ body: AST.Expression, _ span: SourceSpan
  ) throws -> Operand {
    let zero = Operand.value(.integer(0))
    var collected: [(value: Operand, key: Operand?)] = []
    let isArg = word.text == "argmax" || word.text == "argmin"
    if isArg, bindings.count != 1 { throw fault("`\(word.text)` ranges over one variable", word.span) }
    try forEach(bindings, filter) { elaborator, condition in
      var value: Operand
      switch word.text {
      case "all", "any", "count": value = try elaborator.boolean(body)
      default: value = try elaborator.elaborate(body)
      }
      if let condition {
        let neutral: Operand
        switch word.text {
        case "sum": neutral = zero
        case "product": neutral = .value(.integer(1))
        case "all": neutral = .value(.boolean(true))
        case "any", "count": neutral = .value(.boolean(false))
        case "min", "argmin": neutral = .value(.real(.infinity))
        default: neutral = .value(.real(-.infinity))
        }
        value = try elaborator.select(condition, value, neutral, span, body.span, body.span)
      }
      collected.append((value, isArg ? elaborator.locals.last?.operand : nil))
    }
    let values = collected.map(\.value)
    if let unchecked = values.first(where: { if case .unchecked = $0 { true } else { false } }) { return unchecked }
    func combine(_ operation: AST.BinaryOperator, from start: Operand) throws -> Operand {
      try balanced(values) { try binary(operation, $0, $1, span, word.span, body.span, body.span) } ?? start
    }
    switch word.text {
    case "sum": return try combine(.add, from: zero)
    case "product": return try combine(.multiply, from: .value(.integer(1)))
    case "all": return try balanced(values) { try connect(.and, $0, $1, span) } ?? .value(.boolean(true))
    case "any": return try balanced(values) { try connect(.or, $0, $1, span) } ?? .value(.boolean(false))
    case "count":
      let ones = try values.map { try select($0, .value(.integer(1)), zero, span, body.span, body.span) }
      return try balanced(ones) { try binary(.add, $0, $1, span, word.span, body.span, body.span) } ?? zero
    case "min", "max":
      guard let result = try balanced(values, { try extremum(word.text == "min" ? .min : .max, $0, $1, span, body.span) }) else {
        throw fault("`\(word.text)` over an empty set has no value", span)
      }
      return result
    default:
      guard var best = collected.first, let firstKey = best.key else {
        throw fault("`\(word.text)` over an empty set has no value", span)
      }
      var key = firstKey
      for each in collected.dropFirst() {
        let better = try binary(
          word.text == "argmax" ? .greater : .less, each.value, best.value, span, word.span, body.span, body.span)
        best.value = try select(better, each.value, best.value, span, body.span, body.span)
        key = try select(better, each.key ?? key, key, span, body.span, body.span)
      }
      return key
    }
  }

  /// Combines neighbours in a balanced tree, so that deep chains do not arise.
  private func balanced(_ values: [Operand], _ combine: (Operand, Operand) throws -> Operand) rethrows -> Operand? {
    var level = values
    while level.count > 1 {
      var next: [Operand] = []
      for index in stride(from: 0, to: level.count - 1, by: 2) { next.append(try combine(level[index], level[index + 1])) }
      if level.count % 2 == 1, let last = level.last { next.append(last) }
      level = next
    }
    return level.first
  }

  private func extremum(_ function: BinaryFunction, _ a: Operand, _ b: Operand, _ span: SourceSpan, _ place: SourceSpan) throws
    -> Operand
  {
    if case .unchecked = a { return a }
    if case .unchecked = b { return b }
    for operand in [a, b] {
      switch operand {
      case .value(.integer), .value(.real): continue
      case .scalar(let id) where isNumber(id): continue
      default: throw fault("`\(function.rawValue)` needs numbers, and this is \(describe(operand))", place)
      }
    }
    if case .value(let left) = a, case .value(let right) = b, let (x, xType) = encode(left), let (y, yType) = encode(right) {
      let result = function(x, y)
      if result.isNaN { throw fault("`\(function.rawValue)` of something that is not a number", place) }
      return .value(xType == .integer && yType == .integer ? .integer(Int(result)) : .real(result))
    }
    guard let left = scalar(a), let right = scalar(b) else { throw Self.silent }
    return .scalar(context.pool.binary(function, left, right, type: resultType(function, left, right), span: span))
  }

  // MARK: Calls

  mutating func call(_ callee: AST.Expression, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
    if case .name(let name) = callee.kind {
      let isShadowed = locals.contains { $0.name == name }
      if !isShadowed {
        if let function = model?.function(named: name) { return try apply(function, arguments, callee.span, span) }
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
          let candidates = namesInScope
          let nearest = Spelling.nearest(name, in: candidates)
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
      throw fault("\(object.typeName) cannot be called", callee.span)
    default: throw fault("\(describe(operand)) cannot be called", callee.span)
    }
  }

  private func isObject(_ expression: AST.Expression) -> Bool {
    var copy = self
    if case .value(.object)? = try? copy.elaborate(expression) { return true }
    return false
  }

  private mutating func given(_ arguments: [AST.Argument]) throws -> [GivenArgument] {
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
  private mutating func apply(
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
  private mutating func call(_ builtin: Builtin, _ arguments: [AST.Argument], _ span: SourceSpan) throws -> Operand {
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
      guard let elements = try elements(of: elaborate(arguments[0].value), place) else { return .unchecked("a number") }
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

  private func apply(_ function: UnaryFunction, _ type: ScalarType?, _ operand: Operand, _ span: SourceSpan, _ place: SourceSpan)
    throws
    -> Operand
  {
    switch operand {
    case .unchecked: return operand
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
      let isInteger = (type ?? xType) == .integer
      if isInteger, result.magnitude > 0x1p53 {
        throw fault("`\(function.rawValue)(\(value))` is beyond 2^53, the largest exact integer", place)
      }
      return .value(isInteger ? .integer(Int(result)) : .real(result))
    }
    guard let id = scalar(operand) else { throw Self.silent }
    return .scalar(context.pool.unary(function, id, type: type ?? context.pool[id].type, span: span))
  }

  // MARK: Native functions

  private mutating func call(_ native: NativeFunction, _ arguments: [AST.Argument], _ place: SourceSpan, _ span: SourceSpan)
    throws -> Operand
  {
    if context.model != nil, native.isQuery {
      throw fault(
        "`\(native.name)` is a question about a model and cannot stand inside one", place, notes: ["ask it at the top level"])
    }
    var values: [String: NativeCall.Argument] = [:]
    var expressions: [String: AST.Expression] = [:]
    var variadic: [NativeCall.Argument] = []
    var isUnchecked = false
    let positional = native.parameters.filter { $0.isPositional && $0.kind != .variadic }
    let takesMany = native.parameters.contains { $0.kind == .variadic }
    var position = 0
    for argument in arguments {
      let parameter: NativeParameter
      if let label = argument.label {
        guard let found = native.parameters.first(where: { $0.label == label.text }) else {
          let labels = native.parameters.map(\.label)
          let nearest = Spelling.nearest(label.text, in: labels)
          throw fault(
            "`\(native.name)` has no argument `\(label.text)`", label.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
            notes: labels.isEmpty ? ["it takes no arguments"] : ["its arguments are \(list(labels))"])
        }
        parameter = found
      } else if position < positional.count {
        parameter = positional[position]
        position += 1
      } else if takesMany, let many = native.parameters.first(where: { $0.kind == .variadic }) {
        parameter = many
      } else {
        throw fault(
          "`\(native.name)` does not take this argument", argument.value.span, label: positional.isEmpty ? "" : "one too many",
          notes: ["its arguments are \(list(native.parameters.map(\.label)))"])
      }
      if values[parameter.label] != nil || expressions[parameter.label] != nil {
        throw fault("`\(parameter.label)` is given twice", argument.value.span)
      }
      if parameter.kind == .modelExpression {
        expressions[parameter.label] = argument.value
        continue
      }
      let value: Value
      switch try named(parameter, argument.value) ?? elaborate(argument.value) {
      case .value(let known): value = known
      case .unchecked:
        isUnchecked = true
        value = .nothing
      case .distribution, .scalar, .array, .record: throw fault("the argument must be known", argument.value.span)
      }
      let given = NativeCall.Argument(value: value, span: argument.value.span)
      if parameter.kind == .variadic { variadic.append(given) } else { values[parameter.label] = given }
    }
    for parameter in native.parameters where parameter.defaultText == nil && parameter.kind != .variadic {
      if values[parameter.label] == nil, expressions[parameter.label] == nil {
        throw fault(
          "`\(native.name)` needs \(parameter.isPositional ? "an argument" : "`\(parameter.label):`")", span,
          label: parameter.documentation.isEmpty ? "" : "missing: \(parameter.documentation)")
      }
    }
    if context.isChecking, native.isQuery || isUnchecked {
      try checkModels(values, expressions)
      return .unchecked(native.resultType)
    }
    let call = NativeCall(
      span: span, arguments: values, variadic: variadic, expressions: expressions, environment: environment, locals: locals)
    do {
      return .value(try native.body(call))
    } catch let error as ValueError {
      throw fault(error.message, span, label: error.label, notes: error.notes)
    }
  }

  /// A bare name where a parameter takes one of a few names.
  private func named(_ parameter: NativeParameter, _ expression: AST.Expression) throws -> Operand? {
    guard !parameter.names.isEmpty, case .name(let name) = expression.kind else { return nil }
    if parameter.names.contains(name) { return .value(.symbol(Symbol(name))) }
    if try lookup(name, expression.span) != nil { return nil }
    let nearest = Spelling.nearest(name, in: parameter.names)
    throw fault(
      "`\(parameter.label)` is one of \(list(parameter.names))", expression.span,
      label: nearest.map { "did you mean `\($0)`?" } ?? "")
  }

  /// While a program is checked: models are elaborated with the arguments given here, and questions about their states.
  private func checkModels(_ values: [String: NativeCall.Argument], _ expressions: [String: AST.Expression]) throws {
    for (_, argument) in values.sorted(by: { $0.value.span.start < $1.value.span.start }) {
      guard case .object(let object) = argument.value, let model = object as? ModelObject else { continue }
      if model.arguments.contains(where: { if case .nothing = $0.value { true } else { false } }) { continue }
      let isPlain = model.arguments.isEmpty && model.definition.syntax.parameters.allSatisfy { $0.defaultValue != nil }
      guard Process.Kind(rawValue: model.definition.syntax.kind.rawValue) != nil, model.definition.syntax.kind != .causal else {
        continue
      }
      // With its defaults a model is checked where it is declared.
      if !isPlain { _ = try model.instantiate(at: argument.span, isChecking: true) }
    }
    guard !expressions.isEmpty, case .object(let object)? = values["in"]?.value, let model = object as? ModelObject,
      let process = try? model.instantiate(isChecking: true)
    else { return }
    for (_, expression) in expressions.sorted(by: { $0.value.span.start < $1.value.span.start }) {
      _ = try ModelElaborator.elaborate(expression, over: process, environment: environment, locals: locals, isChecking: true)
    }
  }

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
        if case .name(let name) = argument.value.kind, try lookup(name, argument.value.span) == nil {
          value = object.symbol(named: name)
          if value == nil { throw unknownName(name, argument.value.span) }
        } else {
          switch try elaborate(argument.value) {
          case .value(let known): value = known
          case .unchecked(let type): return .unchecked(type)
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

  private func element(of operand: Operand, _ index: Operand, _ span: SourceSpan, _ place: SourceSpan) throws -> Operand {
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
  private func position(of index: Operand, in domain: Domain, _ place: SourceSpan) throws -> ExpressionID {
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

  private func choose(_ elements: [Operand], position: ExpressionID, _ span: SourceSpan, _ place: SourceSpan) throws -> Operand {
    guard let first = elements.first else { throw fault("the array is empty", span) }
    if let lists = optionalAll(elements.map(elementOperands)) {
      guard Set(lists.map(\.count)).count == 1 else { throw fault("the rows of this array differ in length", span) }
      return array(try lists[0].indices.map { column in try choose(lists.map { $0[column] }, position: position, span, place) })
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

  private func optionalAll<Element>(_ values: [Element?]) -> [Element]? {
    let present = values.compactMap { $0 }
    return present.count == values.count ? present : nil
  }

  private func elementOperands(_ operand: Operand) -> [Operand]? {
    switch operand {
    case .value(.array(let values)): values.map { .value($0) }
    case .array(let operands, _): operands
    default: nil
    }
  }

  mutating func member(_ base: AST.Expression, _ name: AST.Name, _ span: SourceSpan) throws -> Operand {
    if case .name(let baseName) = base.kind, let model, baseName == model.modelName {
      // `M.x` inside an expression about the states of M.
      if let operand = try model.operand(named: name.text, at: name.span) { return operand }
      let candidates = model.process.declarations.map(\.name)
      let nearest = Spelling.nearest(name.text, in: candidates)
      throw fault(
        "`\(baseName)` has no variable `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: candidates.isEmpty ? [] : ["its variables are \(list(candidates))"])
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
    if let model = object as? ModelObject {
      throw fault(
        "`\(model.definition.name).\(name.text)` stands for a variable and has no value of its own", span,
        notes: [
          "it can be used in questions about the model: `probability(of: \(model.definition.name).\(name.text) == ..., in: \(model.definition.name))`"
        ])
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
