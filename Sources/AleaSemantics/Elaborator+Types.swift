import AleaModel
import AleaSyntax

extension Elaborator {
  /// Checks an operand against an annotation; whole numbers serve as reals.
  mutating func convert(_ operand: Operand, to type: AST.Expression, _ span: SourceSpan, what: String) throws -> Operand {
    if case .unchecked = operand { return operand }
    let wanted = try typeOperand(type)
    return try convert(operand, to: wanted, typeText: nil, span, what: what)
  }

  /// A type annotation, evaluated: a type, a set, a record of types, or (for arrays) an array type.
  private mutating func typeOperand(_ type: AST.Expression) throws -> TypeOperand {
    switch type.kind {
    case .parenthesized(let inner): return try typeOperand(inner)
    case .record(let fields): return .record(try fields.map { ($0.name.text, try typeOperand($0.value)) })
    case .distributionType(let inner):
      _ = try typeOperand(inner)
      return .distribution
    case .index(let base, let dimensions):
      var element = try typeOperand(base)
      for dimension in dimensions.reversed() {
        switch try elaborate(dimension.value) {
        case .value(.integer(let size)) where size >= 0: element = .array(element, size)
        case .unchecked: return .any
        case .value(let value):
          if let members = try elements(of: .value(value), dimension.value.span) {
            element = .array(element, members.count)
          }
        default: throw fault("the size of an array must be known before the model runs", dimension.value.span)
        }
      }
      return element
    case .name(let name) where Self.objectTypes.contains(name): return .any
    default: break
    }
    switch try elaborate(type) {
    case .unchecked: return .any
    case .value(.type(.any)): return .any
    case .value(.type(let type)): return .plain(type)
    case .value(.range(let range)): return .range(range)
    case .value(.emptyRange): throw fault("this set is empty", type.span)
    case .value(.set(let values)): return .set(values)
    default:
      throw fault(
        "a type is needed here", type.span,
        notes: ["types are Bool, Int, Real, String, sets such as `0..9`, enumerations, arrays `Real[5]`, records"])
    }
  }

  private static let objectTypes: Set<String> = ["Model", "Policy", "Method", "Solution", "Data"]

  indirect enum TypeOperand {
    case any, distribution
    case plain(Value.TypeValue)
    case range(ClosedRange<Int>)
    case set([Value])
    case array(TypeOperand, Int)
    case record([(String, TypeOperand)])

    var text: String {
      switch self {
      case .any: "Any"
      case .distribution: "a distribution"
      case .plain(let type): type.description
      case .range(let range): "\(range.lowerBound)..\(range.upperBound)"
      case .set(let values): Value.set(values).description
      case .array(let element, let size): "\(element.text)[\(size)]"
      case .record(let fields): "(" + fields.map { "\($0.0): \($0.1.text)" }.joined(separator: ", ") + ")"
      }
    }
  }

  private func convert(_ operand: Operand, to type: TypeOperand, typeText: String?, _ span: SourceSpan, what: String) throws
    -> Operand
  {
    func mismatch(_ notes: [String] = []) -> DiagnosticError {
      fault("\(what) is declared as \(type.text), and this is \(describe(operand))", span, notes: notes)
    }
    switch type {
    case .any: return operand
    case .distribution:
      if isDistribution(operand) { return operand }
      throw mismatch()
    case .plain(.real):
      switch operand {
      case .value(.integer(let number)): return .value(.real(Double(number)))
      case .value(.real): return operand
      case .scalar(let id) where isNumber(id): return operand
      default: throw mismatch()
      }
    case .plain(.integer):
      switch operand {
      case .value(.integer): return operand
      case .scalar(let id) where context.pool[id].type == .integer: return operand
      case .value(.real), .scalar: throw mismatch(["`floor`, `ceil` and `round` make integers of real numbers"])
      default: throw mismatch()
      }
    case .plain(.boolean):
      switch operand {
      case .value(.boolean): return operand
      case .scalar(let id) where context.pool[id].type == .boolean || isBit(id): return operand
      default: throw mismatch()
      }
    case .plain(.string):
      if case .value(.string) = operand { return operand }
      throw mismatch()
    case .plain(.array), .plain(.any): return operand
    case .range(let range):
      switch operand {
      case .value(.integer(let number)):
        guard range.contains(number) else { throw fault("\(what) is declared as \(type.text), and \(number) lies outside", span) }
        return operand
      case .scalar(let id) where context.pool[id].type == .integer: return operand
      default: throw mismatch()
      }
    case .set(let values):
      if case .value(let value) = operand {
        guard let key = ValueKey(value), values.contains(where: { ValueKey($0) == key }) else {
          throw fault("\(what) is declared as \(type.text), and \(value) is not in it", span)
        }
      }
      return operand
    case .array(let element, let size):
      guard let parts = try? elements(of: operand, span) else { throw mismatch() }
      guard parts.count == size else {
        throw fault("\(what) is declared as \(type.text), and this array has \(parts.count) elements", span)
      }
      return array(try parts.map { try convert($0, to: element, typeText: nil, span, what: "an element of \(what)") })
    case .record(let fields):
      guard let parts = fieldList(operand) else { throw mismatch() }
      guard Set(parts.map(\.name)) == Set(fields.map(\.0)) else { throw mismatch(["the fields are \(list(fields.map(\.0)))"]) }
      return record(
        try fields.map { field in
          let part = parts.first { $0.name == field.0 }!
          return (field.0, try convert(part.operand, to: field.1, typeText: nil, span, what: "`\(field.0)` of \(what)"))
        })
    }
  }

  // MARK: Domains

  /// What a variable may be: the meaning of the expression after its colon.
  mutating func domainShape(_ expression: AST.Expression) throws -> DomainShape {
    switch expression.kind {
    case .parenthesized(let inner): return try domainShape(inner)
    case .record(let fields): return .record(try fields.map { ($0.name.text, try domainShape($0.value)) })
    case .distributionType: throw fault("a variable cannot be a distribution", expression.span, notes: ["`x ~ d` draws x from d"])
    case .index(let base, let dimensions):
      var shape = try domainShape(base)
      for dimension in dimensions.reversed() {
        switch try elaborate(dimension.value) {
        case .value(.integer(let size)):
          guard size > 0 else { throw fault("an array needs at least one element", dimension.value.span) }
          shape = .array(index: .range(0, size - 1), shape)
        case .value(let value): shape = .array(index: try domain(of: value, dimension.value.span), shape)
        case .unchecked: throw Self.silent
        default: throw fault("the size of an array must be known before the model runs", dimension.value.span)
        }
      }
      return shape
    default: break
    }
    switch try elaborate(expression) {
    case .value(let value): return .scalar(try domain(of: value, expression.span))
    case .unchecked: throw Self.silent
    default:
      if case .set(let elements) = expression.kind {
        for element in elements {
          guard case .name(let name) = element.kind, case .scalar? = try lookup(name, element.span) else { continue }
          throw fault(
            "`\(name)` is a variable of the model, so it cannot be a value of this set", element.span,
            notes: ["give one of the two another name"])
        }
      }
      throw fault(
        "a domain must be known before the model runs", expression.span,
        notes: ["give a wide domain, and restrict actions with `when`"])
    }
  }

  /// A set or type as the domain of a scalar variable.
  func domain(of value: Value, _ span: SourceSpan) throws -> Domain {
    switch value {
    case .range(let range): return .range(range.lowerBound, range.upperBound)
    case .emptyRange: throw fault("this domain is empty", span, label: "the upper end lies below the lower one")
    case .type(.boolean): return .boolean
    case .type(.integer): return .integers
    case .type(.real): return .reals
    case .type(let type):
      throw fault(
        "a variable cannot be \(type)", span, notes: ["variables are numbers, Booleans, symbols, or arrays and records of those"])
    case .set(let values):
      if values.isEmpty { throw fault("this domain is empty", span) }
      var symbols: [Int] = []
      var numbers: [Double] = []
      var booleans: [Bool] = []
      for member in values {
        switch member {
        case .symbol(let symbol): symbols.append(context.code(of: symbol))
        case .integer(let number): numbers.append(Double(number))
        case .real(let number): numbers.append(number)
        case .boolean(let flag): booleans.append(flag)
        default: throw fault("a domain consists of numbers, Booleans or symbols; \(member) is \(member.kindDescription)", span)
        }
      }
      if let wrong = numbers.first(where: { !$0.isFinite || $0.magnitude > Double(Self.largestInteger) }) {
        throw fault(
          "\(NumberText.significant(wrong, digits: 8)) cannot be a member of a domain", span,
          notes: ["the numbers of a finite domain lie within 2^53 of 0"])
      }
      if symbols.count == values.count { return .symbols(symbols) }
      if numbers.count == values.count {
        let isRun = numbers.indices.allSatisfy { numbers[$0] == numbers[0] + Double($0) && numbers[$0].rounded() == numbers[$0] }
        return isRun ? .range(Int(numbers[0]), Int(numbers[0]) + numbers.count - 1) : .numbers(numbers)
      }
      if Set(booleans) == [false, true], booleans.count == values.count { return .boolean }
      throw fault(
        "a domain cannot mix numbers and symbols", span,
        notes: ["name the numbers (`enum Level { none, one, two }`), or use a number that stands for the name"])
    default:
      throw fault(
        "a set of values is needed here, and this is \(value.kindDescription)", span,
        notes: ["as in `state stock: 0..20` or `action move: {left, right}`"])
    }
  }
}
