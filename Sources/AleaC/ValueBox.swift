import Alea
import CAlea
import Synchronization

/// A value as C sees it, with the texts and arrays that were taken from it.
final class ValueBox: Sendable {
  let value: Value
  private let digits: Int
  private let width: Int
  private let taken = Mutex(Taken())

  private struct Taken {
    var texts: [String: CText] = [:]
    var arrays: [String: HeldArray] = [:]
  }

  /// An array whose memory stays where it is while this object lives.
  private struct HeldArray {
    let array: NumericArray
    let labels: CText?
    /// Arrays without elements point here.
    static let nowhere: UInt = 16

    init(_ array: NumericArray) {
      self.array = array
      labels = array.labels.map { CText(JSONValue.array($0.map { .string($0) }).text) }
    }

    /// The buffer of a Swift array does not move while a copy of the array is kept and none is changed.
    var address: UInt { array.withUnsafeBytes { $0.baseAddress.map { UInt(bitPattern: $0) } ?? Self.nowhere } }
  }

  init(_ value: Value, digits: Int, width: Int) {
    self.value = value
    self.digits = digits
    self.width = width
  }

  func derived(_ value: Value) -> ValueBox { ValueBox(value, digits: digits, width: width) }

  var printed: String { AnswerText.text(of: value, options: ReportOptions(width: width, digits: digits)) }

  /// A text about the value, made once.
  func text(_ name: String, _ make: (ValueBox) -> String) -> UnsafePointer<CChar>? {
    let address = taken.withLock { taken in
      let text = taken.texts[name] ?? CText(make(self))
      taken.texts[name] = text
      return UInt(bitPattern: text.pointer)
    }
    return UnsafePointer(bitPattern: address)
  }

  /// An array of the value, found once.
  func array(_ name: String) -> alea_array? {
    let found = taken.withLock { taken -> (address: UInt, array: NumericArray, labels: UInt)? in
      if taken.arrays[name] == nil, let array = value.array(named: name) { taken.arrays[name] = HeldArray(array) }
      return taken.arrays[name].map { ($0.address, $0.array, UInt(bitPattern: $0.labels?.pointer)) }
    }
    guard let found else { return nil }
    var result = alea_array()
    result.data = UnsafeRawPointer(bitPattern: found.address)
    result.element =
      switch found.array.elements {
      case .reals: ALEA_FLOAT64
      case .integers: ALEA_INT64
      case .shortIntegers: ALEA_INT32
      case .booleans: ALEA_BOOL8
      }
    result.rank = Int32(found.array.shape.count)
    result.shape = (Int64(found.array.shape.first ?? 0), Int64(found.array.shape.dropFirst().first ?? 1))
    result.labels = UnsafePointer(bitPattern: found.labels)
    return result
  }

  // MARK: Looking inside

  var kind: alea_kind {
    switch value {
    case .nothing: ALEA_NOTHING
    case .boolean: ALEA_BOOLEAN
    case .integer: ALEA_INTEGER
    case .real: ALEA_REAL
    case .string, .symbol: ALEA_TEXT
    case .array, .set, .range, .emptyRange: ALEA_ARRAY
    case .record: ALEA_RECORD
    case .object: ALEA_OBJECT
    case .type, .distribution: ALEA_OTHER
    }
  }

  var members: [(name: String, summary: String)] {
    switch value {
    case .object(let object): object.members
    case .record(let fields): fields.map { ($0.name, $0.value.kindDescription) }
    default: []
    }
  }

  /// What stands after a dot; nil where there is no such member, or it has no value here.
  func member(_ name: String) -> Value? {
    switch value {
    case .object(let object): (try? object.member(name)) ?? nil
    case .record(let fields): fields.first { $0.name == name }?.value
    default: nil
    }
  }

  var count: Int {
    switch value {
    case .array(let elements), .set(let elements): elements.count
    case .range(let range): range.count
    default: 0
    }
  }

  func element(_ position: Int64) -> Value? {
    guard let place = Int(exactly: position), place >= 0, place < count else { return nil }
    switch value {
    case .array(let elements), .set(let elements): return elements[place]
    case .range(let range): return .integer(range.lowerBound + place)
    default: return nil
    }
  }
}
