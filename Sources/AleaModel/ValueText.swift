/// How values are written: the way a program would write them.
extension Value: CustomStringConvertible {
  public var description: String { text(digits: 6) }

  /// The value as text, reals with at most `digits` significant digits.
  public func text(digits: Int) -> String {
    switch self {
    case .boolean(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .real(let value): return NumberText.significant(value, digits: digits)
    case .string(let value): return value
    case .symbol(let symbol): return symbol.name
    case .array(let elements): return "[" + elements.map { $0.text(digits: digits) }.joined(separator: ", ") + "]"
    case .record(let fields):
      return "(" + fields.map { "\($0.name): \($0.value.text(digits: digits))" }.joined(separator: ", ") + ")"
    case .set(let elements): return "{" + elements.map { $0.text(digits: digits) }.joined(separator: ", ") + "}"
    case .range(let range): return "\(range.lowerBound)..\(range.upperBound)"
    case .emptyRange: return "{}"
    case .type(let type): return type.description
    case .distribution(let distribution): return distribution.text(digits: digits)
    case .object(let object): return object.description
    case .nothing: return ""
    }
  }

  /// What kind of value it is, with its article, for messages: "an integer", "a set", "a solution".
  public var kindDescription: String {
    switch self {
    case .boolean: "a Boolean"
    case .integer: "an integer"
    case .real: "a real number"
    case .string: "a string"
    case .symbol: "a symbol"
    case .array: "an array"
    case .record: "a record"
    case .set, .range, .emptyRange: "a set"
    case .type: "a type"
    case .distribution: "a distribution"
    case .object(let object): object.typeName
    case .nothing: "nothing"
    }
  }
}

extension Value.TypeValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .boolean: "Bool"
    case .integer: "Int"
    case .real: "Real"
    case .string: "String"
    case .array(let element, let sizes): "\(element)[\(sizes.map(String.init).joined(separator: ", "))]"
    case .any: "Any"
    }
  }
}

extension DistributionValue {
  func text(digits: Int) -> String {
    func list(_ numbers: [Double]) -> String {
      numbers.map { NumberText.significant($0, digits: digits) }.joined(separator: ", ")
    }
    switch kind {
    case .primitive(let family, let parameters):
      return family.rawValue.prefix(1).uppercased() + family.rawValue.dropFirst() + "(" + list(parameters) + ")"
    case .finite(let outcomes):
      return "{"
        + outcomes.map { "\($0.value.text(digits: digits)): \(NumberText.significant($0.probability, digits: digits))" }
        .joined(separator: ", ") + "}"
    case .mixture(let components):
      return "Mixture("
        + components.map { "\(NumberText.significant($0.weight, digits: digits)) of \($0.1.text(digits: digits))" }
        .joined(separator: ", ") + ")"
    case .truncated(let base, let low, let high): return "Truncated(\(base.text(digits: digits)), \(list([low, high])))"
    }
  }
}

/// Numbers as text, without Foundation.
public enum NumberText {
  /// At most `digits` significant digits, without trailing zeros; very large and very small numbers with an exponent.
  public static func significant(_ value: Double, digits: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value > 0 ? "inf" : "-inf" }
    if value == 0 { return "0" }
    let digits = max(1, min(17, digits))
    var buffer = [CChar](repeating: 0, count: 64)
    withVaList([Int32(digits), value]) { _ = vsnprintf(&buffer, buffer.count, "%.*g", $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Exactly `places` digits after the point.
  public static func fixed(_ value: Double, places: Int) -> String {
    if !value.isFinite { return significant(value, digits: 6) }
    var buffer = [CChar](repeating: 0, count: 400)
    withVaList([Int32(places), value]) { _ = vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// An integer with separated thousands: 1,048,576.
  public static func grouped(_ value: Int) -> String {
    var digits = Array(String(value.magnitude))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
