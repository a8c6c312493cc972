import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Native functions

  mutating func call(_ native: NativeFunction, _ arguments: [AST.Argument], _ place: SourceSpan, _ span: SourceSpan)
    throws -> Operand
  {
    if context.model != nil, native.isQuery {
      throw fault(
        "`\(native.name)` is a question about a model and cannot stand inside one", place, notes: ["ask it at the top level"])
    }
    if let law = native.law { return try self.law(native, law, arguments, span) }
    var values: [String: NativeCall.Argument] = [:]
    var expressions: [String: AST.Expression] = [:]
    var variadic: [NativeCall.Argument] = []
    var labelled: [(label: String, argument: NativeCall.Argument)] = []
    var expressionLabels: [String] = []
    var isUnchecked = false
    let positional = native.parameters.filter { $0.isPositional && !$0.kind.takesMany }
    let free = native.parameters.first { $0.kind == .labelled || $0.kind == .labelledExpressions || $0.kind == .settings }
    var position = 0
    for argument in arguments {
      let parameter: NativeParameter
      if let label = argument.label {
        guard let found = native.parameters.first(where: { $0.label == label.text && !$0.kind.takesMany }) ?? free else {
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
      } else if let many = native.parameters.first(where: { $0.kind == .variadic }) {
        parameter = many
      } else {
        throw fault(
          "`\(native.name)` does not take this argument", argument.value.span, label: positional.isEmpty ? "" : "one too many",
          notes: ["its arguments are \(list(native.parameters.map(\.label)))"])
      }
      let label = parameter.kind.takesMany ? argument.label?.text ?? parameter.label : parameter.label
      if values[label] != nil || expressions[label] != nil || labelled.contains(where: { $0.label == label }) {
        throw fault("`\(label)` is given twice", argument.value.span)
      }
      if parameter.kind == .modelExpression || parameter.kind == .labelledExpressions {
        expressions[label] = argument.value
        if parameter.kind == .labelledExpressions { expressionLabels.append(label) }
        continue
      }
      if parameter.kind == .settings,
        isExpression(argument.value, setting: label, of: positional.first.flatMap { values[$0.label] })
      {
        expressions[label] = argument.value
        expressionLabels.append(label)
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
      switch parameter.kind {
      case .variadic: variadic.append(given)
      case .labelled, .settings: labelled.append((label, given))
      default: values[parameter.label] = given
      }
    }
    for parameter in native.parameters where parameter.defaultText == nil && !parameter.kind.takesMany {
      if values[parameter.label] == nil, expressions[parameter.label] == nil {
        throw fault(
          "`\(native.name)` needs \(parameter.isPositional ? "an argument" : "`\(parameter.label):`")", span,
          label: parameter.documentation.isEmpty ? "" : "missing: \(parameter.documentation)")
      }
    }
    let call = NativeCall(
      span: span, arguments: values, variadic: variadic, labelled: labelled, expressionLabels: expressionLabels,
      expressions: expressions, environment: environment, locals: locals)
    if context.isChecking, native.isQuery || isUnchecked {
      try checkModels(values, expressions)
      try native.check?(call)
      return .unchecked(native.resultType)
    }
    do {
      return .value(try native.body(call))
    } catch let error as ValueError {
      throw fault(error.message, span, label: error.label, notes: error.notes)
    }
  }

  /// Whether what a variable of a model is set to mentions other variables of the model. Names bound around the call come first, and the
  /// variable itself, which cannot depend on itself, means what it means outside.
  private func isExpression(_ expression: AST.Expression, setting name: String, of model: NativeCall.Argument?) -> Bool {
    guard case .object(let object)? = model?.value, let model = object as? ModelObject else { return false }
    let bound = Set(locals.map(\.name) + [name])
    return !expression.freeNames.subtracting(bound).isDisjoint(with: model.definition.variableNames)
  }

  /// A bare name where a parameter takes one of a few names.
  func named(_ parameter: NativeParameter, _ expression: AST.Expression) throws -> Operand? {
    guard !parameter.names.isEmpty, case .name(let name) = expression.kind else { return nil }
    if parameter.names.contains(name) { return .value(.symbol(Symbol(name))) }
    if try lookup(name, expression.span) != nil { return nil }
    let nearest = Spelling.nearest(name, in: parameter.names)
    throw fault(
      "`\(parameter.label)` is one of \(list(parameter.names))", expression.span,
      label: nearest.map { "did you mean `\($0)`?" } ?? "")
  }

  /// While a program is checked: models are elaborated with the arguments given here, and questions about their states.
  func checkModels(_ values: [String: NativeCall.Argument], _ expressions: [String: AST.Expression]) throws {
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
}
