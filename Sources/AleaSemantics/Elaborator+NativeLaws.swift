import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Laws written in Swift

  /// A call of a law that was registered from outside: its parameters are numbers, which may depend on the state.
  mutating func law(
    _ native: NativeFunction, _ make: NativeFunction.LawMaker, _ arguments: [AST.Argument], _ span: SourceSpan
  ) throws -> Operand {
    let names = native.parameters.map(\.label)
    let form = "\(native.name)(\(names.joined(separator: ", ")))"
    var given: [String: ExpressionID] = [:]
    var position = 0
    for argument in arguments {
      let label: String
      if let written = argument.label {
        guard names.contains(written.text) else {
          let nearest = Spelling.nearest(written.text, in: names)
          throw fault(
            "`\(native.name)` has no argument `\(written.text)`", written.span,
            label: nearest.map { "did you mean `\($0)`?" } ?? "",
            notes: ["it is called as `\(form)`"])
        }
        label = written.text
      } else {
        guard position < names.count else {
          throw fault("`\(native.name)` is called as `\(form)`", argument.value.span, label: "one too many")
        }
        label = names[position]
        position += 1
      }
      guard given[label] == nil else { throw fault("`\(label)` is given twice", argument.value.span) }
      let operand = try elaborate(argument.value)
      if case .unchecked = operand { return .unchecked("a distribution") }
      guard let id = scalar(operand, argument.value.span), isNumber(id) else {
        throw fault("`\(label)` is a number, and this is \(describe(operand))", argument.value.span)
      }
      given[label] = id
    }
    for label in names where given[label] == nil {
      throw fault("`\(native.name)` is called as `\(form)`", span, label: "`\(label)` is missing")
    }
    do {
      let (law, type) = try make(names.compactMap { given[$0] }, &context.pool, &context.symbols)
      if let known = known(law, type) { return .value(.distribution(known)) }
      return .distribution(law, type)
    } catch let error as ValueError {
      throw fault(error.message, span, label: error.label, notes: error.notes)
    }
  }

  /// The law as a value, when nothing in it depends on the state.
  private func known(_ law: Distribution, _ type: ScalarType) -> DistributionValue? {
    func number(_ id: ExpressionID) -> Double? { context.pool.constant(id) }
    switch law {
    case .primitive(let family, let parameters):
      let numbers = parameters.compactMap(number)
      return numbers.count == parameters.count ? DistributionValue(.primitive(family, numbers)) : nil
    case .finite(let outcomes, _):
      var parts: [(value: Value, probability: Double)] = []
      for outcome in outcomes {
        guard let code = number(outcome.value), let weight = number(outcome.weight), let value = value(of: code, type) else {
          return nil
        }
        parts.append((value, weight))
      }
      let total = parts.reduce(0) { $0 + $1.probability }
      guard total > 0 else { return nil }
      return DistributionValue(.finite(parts.map { ($0.value, $0.probability / total) }))
    case .select(let condition, let a, let b): return number(condition).flatMap { known($0 != 0 ? a : b, type) }
    case .mixture(let components):
      let parts = components.compactMap { component in
        number(component.weight).flatMap { weight in known(component.distribution, type).map { (weight, $0) } }
      }
      return parts.count == components.count ? DistributionValue(.mixture(parts)) : nil
    case .truncated(let base, let low, let high):
      guard let base = known(base, type), let low = number(low), let high = number(high) else { return nil }
      return DistributionValue(.truncated(base, low: low, high: high))
    }
  }

  private func value(of code: Double, _ type: ScalarType) -> Value? {
    switch type {
    case .boolean: .boolean(code != 0)
    case .integer: Int(exactly: code).map { .integer($0) }
    case .real: .real(code)
    case .symbol:
      Int(exactly: code).flatMap { context.symbols.indices.contains($0) ? .symbol(context.symbols[$0]) : nil }
    }
  }
}
