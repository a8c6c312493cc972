/// The values a scalar variable may take.
///
/// In expressions every scalar is a `Double`: a Boolean is 0 or 1, a symbol is its index in ``Process/symbols``, an integer itself
/// (exact up to 2^53).
public enum Domain: Hashable, Codable, Sendable {
  case boolean
  /// Integers, both ends included.
  case range(Int, Int)
  /// Indices into ``Process/symbols``, in order.
  case symbols([Int])
  /// An explicit finite set of numbers, in order.
  case numbers([Double])
  case integers
  case reals

  /// The number of values, or nil when the domain is not finite.
  public var count: Int? {
    switch self {
    case .boolean: 2
    case .range(let low, let high): max(0, high - low + 1)
    case .symbols(let codes): codes.count
    case .numbers(let values): values.count
    case .integers, .reals: nil
    }
  }

  public var isFinite: Bool { count != nil }

  public var type: ScalarType {
    switch self {
    case .boolean: .boolean
    case .range, .integers: .integer
    case .symbols: .symbol
    case .numbers(let values): values.allSatisfy { $0.rounded() == $0 } ? .integer : .real
    case .reals: .real
    }
  }

  /// The value at a position of a finite domain.
  public func value(at position: Int) -> Double {
    switch self {
    case .boolean: Double(position)
    case .range(let low, _): Double(low + position)
    case .symbols(let codes): Double(codes[position])
    case .numbers(let values): values[position]
    case .integers, .reals: Double(position)
    }
  }

  /// Where a value stands in a finite domain, or nil when it does not belong to it.
  public func position(of value: Double) -> Int? {
    switch self {
    case .boolean: return value == 0 ? 0 : value == 1 ? 1 : nil
    case .range(let low, let high):
      guard value.rounded() == value, value >= Double(low), value <= Double(high) else { return nil }
      return Int(value) - low
    case .symbols(let codes): return codes.firstIndex { Double($0) == value }
    case .numbers(let values): return values.firstIndex(of: value)
    case .integers, .reals: return nil
    }
  }

  public func contains(_ value: Double) -> Bool {
    switch self {
    case .integers: value.rounded() == value && value.isFinite
    case .reals: value.isFinite
    default: position(of: value) != nil
    }
  }
}

/// The type of a scalar expression.
public enum ScalarType: String, Hashable, Codable, Sendable { case boolean, integer, real, symbol }
