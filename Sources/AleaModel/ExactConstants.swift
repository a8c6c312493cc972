/// The decimals and fractions that the doubles of a model stand for.
public struct ExactConstants: Sendable {
  /// A number without an exact value, with the reason: "`exp(0.5)` is no fraction".
  public struct Refusal: Error, Hashable, Sendable {
    public let message: String
    /// - Parameter message: why there is no fraction, in words of the program.
    public init(_ message: String) { self.message = message }
  }

  private var values: [Double: Result<Rational, Refusal>] = [:]

  /// Follows every calculation noted, in order of time, with fractions.
  public init(_ numbers: ExactNumbers) throws(Refusal) {
    guard let notes = numbers.notes else { throw Refusal("the program computes too many numbers to follow them all exactly") }
    for note in notes {
      let value: Result<Rational, Refusal>
      do throws(Refusal) {
        value = .success(try evaluate(note))
      } catch {
        value = .failure(error)
      }
      guard let known = values[note.result] else {
        values[note.result] = value
        continue
      }
      if known != value {
        values[note.result] = .failure(
          Refusal("two numbers of the program differ, and both are \(note.result) to the precision of a double"))
      }
    }
  }

  /// The number that a constant stands for.
  public func value(of constant: Double) throws(Refusal) -> Rational {
    if let known = values[constant] { return try known.get() }
    if constant.rounded() == constant, let whole = Rational(exactly: constant), constant.magnitude < 0x1p53 { return whole }
    return try Self.decimal(constant, digits: 12, why: "it was not computed in the program")
  }

  private static func decimal(_ number: Double, digits: Int, why: String) throws(Refusal) -> Rational {
    let text = "\(number)"
    let mantissa = text.prefix { $0 != "e" }.filter { $0.isNumber }.drop { $0 == "0" }
    var significant = mantissa
    while significant.last == "0" { significant.removeLast() }
    guard significant.count <= digits, let value = Rational(decimal: text) else {
      throw Refusal("the exact value of \(text) is not known: \(why)")
    }
    return value
  }

  private func evaluate(_ note: ExactNumbers.Note) throws(Refusal) -> Rational {
    if case .literal = note.origin {
      return try Self.decimal(note.result, digits: 15, why: "a decimal may have 15 digits")
    }
    var operands: [Rational] = []
    for operand in note.operands { operands.append(try value(of: operand)) }
    switch note.origin {
    case .literal: throw Refusal("")
    case .unary(let function): return try function.exact(operands[0])
    case .binary(let function): return try function.exact(operands[0], operands[1])
    case .ternary(let function): throw Refusal("`\(function.rawValue)` has no exact value")
    }
  }
}

extension UnaryFunction {
  /// The function of a fraction, where that is a fraction whatever the argument.
  public func exact(_ x: Rational) throws(ExactConstants.Refusal) -> Rational {
    switch self {
    case .negate: return -x
    case .not: return x.isZero ? .one : .zero
    case .abs: return x.magnitude
    case .sign: return x.isZero ? .zero : x < .zero ? -.one : .one
    case .floor: return x.floor
    case .ceil: return -((-x).floor)
    case .round:
      guard let half = Rational(exactly: 0.5) else { return x }
      return x < .zero ? -((half - x).floor) : (x + half).floor
    default: throw ExactConstants.Refusal("`\(rawValue)(\(x))` is in general no fraction")
    }
  }
}

extension BinaryFunction {
  /// The function of two fractions, where that is a fraction.
  public func exact(_ a: Rational, _ b: Rational) throws(ExactConstants.Refusal) -> Rational {
    func truth(_ flag: Bool) -> Rational { flag ? .one : .zero }
    func quotient() throws(ExactConstants.Refusal) -> Rational {
      guard let result = a.divided(by: b) else { throw ExactConstants.Refusal("division by zero") }
      return result
    }
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return try quotient()
    case .integerDivide: return try quotient().floor
    case .modulo: return a - b * (try quotient().floor)
    case .power:
      guard let exponent = b.whole, exponent.magnitude <= 100_000, let result = a.power(exponent) else {
        throw ExactConstants.Refusal("`\(a) ^ \(b)` is in general no fraction")
      }
      return result
    case .min: return a < b ? a : b
    case .max: return a > b ? a : b
    case .equal: return truth(a == b)
    case .notEqual: return truth(a != b)
    case .less: return truth(a < b)
    case .lessEqual: return truth(a <= b)
    case .and: return a.isZero ? .zero : b
    case .or: return a == .one ? .one : b
    case .divergence, .divergenceBound: throw ExactConstants.Refusal("`\(rawValue)` is in general no fraction")
    }
  }
}
