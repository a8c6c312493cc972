/// Numbers of an answer as contiguous memory: what programs in C, Python and Swift read without copying.
///
///     let values = try session.evaluate("best").array(named: "value")!
///     values.withUnsafeBytes { bytes in ... }
///
/// Copies of the array share its memory. Rows are contiguous: the last index runs fastest.
public struct NumericArray: Sendable {
  /// The elements, in the type in which the answer keeps them.
  public enum Elements: Sendable {
    case reals([Double])
    case integers([Int])
    case shortIntegers([Int32])
    case booleans([Bool])
  }

  public let elements: Elements
  /// The extent of each of the one or two dimensions.
  public let shape: [Int]
  /// Where the elements are positions in a list of names (symbols, texts): the names; position -1 stands for none.
  public let labels: [String]?

  /// - Parameter shape: the extents; nil for one dimension.
  init(_ elements: Elements, shape: [Int]? = nil, labels: [String]? = nil) {
    self.elements = elements
    self.labels = labels
    self.shape = shape ?? [elements.count]
  }

  public var count: Int { elements.count }

  /// Calls a function with the memory of the elements, which lasts as long as a copy of this array does.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch elements {
    case .reals(let numbers): try numbers.withUnsafeBytes(body)
    case .integers(let numbers): try numbers.withUnsafeBytes(body)
    case .shortIntegers(let numbers): try numbers.withUnsafeBytes(body)
    case .booleans(let flags): try flags.withUnsafeBytes(body)
    }
  }
}

extension NumericArray.Elements {
  public var count: Int {
    switch self {
    case .reals(let numbers): numbers.count
    case .integers(let numbers): numbers.count
    case .shortIntegers(let numbers): numbers.count
    case .booleans(let flags): flags.count
    }
  }
}

extension Value {
  /// The names that ``array(named:)`` knows, in the order to show them; empty for values without arrays.
  public var arrayNames: [String] {
    switch self {
    case .object(let object): (object as? any ArrayAnswer)?.arrayNames ?? []
    default: array(named: "") == nil ? [] : [""]
    }
  }

  /// An array of numbers of an answer, by name; nil when there is none of that name.
  ///
  /// Of a solution or evaluation: `value`, `lower`, `upper`, `gain`, `occupancy`, `channels.NAME` with one number a state (steps times
  /// states where they depend on the step), `choice`, and `state.NAME` and `action.NAME` with the values of the variables. Of a table its
  /// columns. Numbers that the answer keeps are not copied.
  public func array(named name: String) -> NumericArray? {
    switch self {
    case .object(let object): (object as? any ArrayAnswer)?.array(named: name)
    case .array(let elements) where name.isEmpty: Self.array(of: elements)
    case .range(let range) where name.isEmpty: NumericArray(.integers(Array(range)))
    default: nil
    }
  }

  /// Numbers, or rows of numbers of one length.
  private static func array(of elements: [Value]) -> NumericArray? {
    let integers = elements.compactMap { element in if case .integer(let number) = element { number } else { nil } }
    if integers.count == elements.count, !elements.isEmpty { return NumericArray(.integers(integers)) }
    let flags = elements.compactMap { element in if case .boolean(let flag) = element { flag } else { nil } }
    if flags.count == elements.count, !elements.isEmpty { return NumericArray(.booleans(flags)) }
    let numbers = elements.compactMap(\.number)
    if numbers.count == elements.count { return NumericArray(.reals(numbers)) }
    var rows: [[Double]] = []
    for element in elements {
      guard case .array(let cells) = element else { return nil }
      let row = cells.compactMap(\.number)
      guard row.count == cells.count, row.count == rows.first?.count ?? row.count else { return nil }
      rows.append(row)
    }
    return NumericArray(.reals(rows.flatMap { $0 }), shape: [rows.count, rows.first?.count ?? 0])
  }

  /// The number that an integer or a real is.
  public var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number
    default: nil
    }
  }
}

/// An answer with arrays of numbers.
protocol ArrayAnswer {
  var arrayNames: [String] { get }
  func array(named name: String) -> NumericArray?
}
