import AleaModel

extension JSONValue {
  /// Reads one document of JSON (RFC 8259).
  ///
  /// - Throws: ``DataFileError`` with line and column; also for documents nested more than 100 deep.
  public static func reading(_ bytes: UnsafeRawBufferPointer, file: String) throws(DataFileError) -> JSONValue {
    var scanner = JSONScanner(bytes: bytes, file: file)
    let value = try scanner.value(depth: 0)
    scanner.skipBlanks()
    guard scanner.place == bytes.count else { throw scanner.fault("nothing more is expected after the document") }
    return value
  }
}

/// A cursor over a document of JSON.
private struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  let file: String
  var place = 0

  init(bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  func fault(_ problem: String, at position: Int? = nil) -> DataFileError {
    ByteScanner(bytes, file: file).fault(problem, at: position ?? place)
  }

  mutating func skipBlanks() {
    while place < bytes.count, [32, 9, 10, 13].contains(bytes[place]) { place += 1 }
  }

  private mutating func take(_ byte: Character) -> Bool {
    skipBlanks()
    guard place < bytes.count, bytes[place] == byte.asciiValue else { return false }
    place += 1
    return true
  }

  private mutating func take(word: String) -> Bool {
    guard place + word.utf8.count <= bytes.count, zip(word.utf8, bytes[place...]).allSatisfy({ $0 == $1 }) else { return false }
    place += word.utf8.count
    return true
  }

  mutating func value(depth: Int) throws(DataFileError) -> JSONValue {
    guard depth < 100 else { throw fault("the document is nested more than 100 deep") }
    if take("{") { return try object(depth) }
    if take("[") { return try array(depth) }
    guard place < bytes.count else { throw fault("a value is expected here") }
    if bytes[place] == UInt8(ascii: "\"") { return .string(try string()) }
    if take(word: "true") { return .boolean(true) }
    if take(word: "false") { return .boolean(false) }
    if take(word: "null") { return .null }
    return try number()
  }

  private mutating func object(_ depth: Int) throws(DataFileError) -> JSONValue {
    var members: [JSONValue.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else {
        throw fault("a name in double quotes is expected here")
      }
      let name = try string()
      guard take(":") else { throw fault("`:` is expected here") }
      members.append(.init(name, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw fault("`,` or `}` is expected here") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(DataFileError) -> JSONValue {
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw fault("`,` or `]` is expected here") }
    return .array(elements)
  }

  private mutating func number() throws(DataFileError) -> JSONValue {
    let start = place
    while place < bytes.count, "+-.eE0123456789".utf8.contains(bytes[place]) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if let whole = Int(text) { return .integer(whole) }
    guard let value = Double(text), value.isFinite else {
      place = start
      throw fault("a value is expected here")
    }
    return .number(value)
  }

  private mutating func string() throws(DataFileError) -> String {
    let start = place
    place += 1
    var text: [UInt8] = []
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      guard bytes[place] == UInt8(ascii: "\\") else {
        text.append(bytes[place])
        place += 1
        continue
      }
      place += 1
      try escape(into: &text, start)
    }
    guard place < bytes.count else { throw fault("this text does not end", at: start) }
    place += 1
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func escape(into text: inout [UInt8], _ start: Int) throws(DataFileError) {
    guard place < bytes.count else { throw fault("this text does not end", at: start) }
    let byte = bytes[place]
    place += 1
    switch Character(Unicode.Scalar(byte)) {
    case "\"", "\\", "/": text.append(byte)
    case "b": text.append(8)
    case "f": text.append(12)
    case "n": text.append(10)
    case "r": text.append(13)
    case "t": text.append(9)
    case "u":
      var units = [try unit()]
      if UTF16.isLeadSurrogate(units[0]), take(word: "\\u") { units.append(try unit()) }
      text += Array(String(decoding: units, as: UTF16.self).utf8)
    default: throw fault("this is not an escape", at: place - 2)
    }
  }

  private mutating func unit() throws(DataFileError) -> UInt16 {
    guard place + 4 <= bytes.count,
      let unit = UInt16(String(decoding: bytes[place..<(place + 4)], as: UTF8.self), radix: 16)
    else { throw fault("four digits of a character are expected here") }
    place += 4
    return unit
  }
}
