/// Archives of the `tar` command: files under names, one after another, as they are.
///
/// Source: IEEE Std 1003.1 (POSIX), "ustar Interchange Format"; names of more than 100 bytes also in the extended headers of POSIX
/// and of GNU.
public struct TarArchive: Sendable {
  private static let block = 512

  /// The regular files by name, without `./` or `/` before it; of two of one name the last, as `tar` extracts them.
  public static func members(
    _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(DataFileError) -> [String: UnsafeRawBufferPointer] {
    var result: [String: UnsafeRawBufferPointer] = [:]
    var place = 0
    var longName: String?
    while place + block <= bytes.count, bytes[place] != 0 {
      let head = UnsafeRawBufferPointer(rebasing: bytes[place..<(place + block)])
      guard isIntact(head) else {
        throw DataFileError(file: file, "the archive is broken: no header of a member stands at byte \(place)")
      }
      guard let size = number(head[124..<136]), size <= bytes.count - place - block else {
        throw DataFileError(file: file, "the archive is cut short in the member `\(longName ?? name(of: head))`")
      }
      let body = UnsafeRawBufferPointer(rebasing: bytes[(place + block)..<(place + block + size)])
      switch Character(Unicode.Scalar(head[156])) {
      case "0", "\0", "7":
        result[plain(longName ?? name(of: head))] = body
        longName = nil
      case "x": longName = extendedName(body) ?? longName
      case "L": longName = text(body)
      default: longName = nil
      }
      place += block + (size + block - 1) / block * block
    }
    return result
  }

  /// Whether bytes start as an archive does.
  public static func isArchive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= block && zip("ustar".utf8, bytes[257...]).allSatisfy { $0 == $1 }
  }

  private static func name(of head: UnsafeRawBufferPointer) -> String {
    let name = text(UnsafeRawBufferPointer(rebasing: head[0..<100]))
    let prefix = zip("ustar\0".utf8, head[257...]).allSatisfy { $0 == $1 } ? text(.init(rebasing: head[345..<500])) : ""
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  private static func plain(_ name: String) -> String {
    var rest = Substring(name)
    while rest.hasPrefix("./") || rest.hasPrefix("/") { rest = rest.drop { $0 == "." }.dropFirst() }
    return String(rest)
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The sum of a header's bytes stands in it, counted with blanks in its own place.
  private static func isIntact(_ head: UnsafeRawBufferPointer) -> Bool {
    var sum = 0
    for index in 0..<block { sum += (148..<156).contains(index) ? 32 : Int(head[index]) }
    return number(head[148..<156]) == sum
  }

  /// A number in octal digits or, of large ones, in binary.
  private static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      var value = Int(first & 0x7F)
      for byte in field.dropFirst() {
        guard value < 1 << 54 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  /// The `path` of an extended header: records `length key=value`.
  private static func extendedName(_ body: UnsafeRawBufferPointer) -> String? {
    var place = 0
    while place < body.count {
      let digits = body[place...].prefix { $0 != 32 }
      guard digits.count < 10, let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1,
        length <= body.count - place
      else { return nil }
      let record = String(decoding: body[(place + digits.count + 1)..<(place + length - 1)], as: UTF8.self)
      if record.hasPrefix("path=") { return String(record.dropFirst(5)) }
      place += length
    }
    return nil
  }

  // MARK: Writing

  /// The archive so far; ``finish()`` ends it.
  public private(set) var bytes: [UInt8] = []

  /// An empty archive.
  public init() {}

  /// Adds a file; `name` has at most 100 bytes.
  public mutating func add(_ name: String, _ body: UnsafeRawBufferPointer) {
    var head = [UInt8](repeating: 0, count: Self.block)
    func put(_ text: String, at place: Int) { head.replaceSubrange(place..<(place + text.utf8.count), with: text.utf8) }
    func octal(_ value: Int, _ width: Int) -> String {
      let digits = String(value, radix: 8)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    put(String(decoding: name.utf8.prefix(100), as: UTF8.self), at: 0)
    put("0000644\0" + "0000000\0" + "0000000\0", at: 100)
    if body.count < 1 << 33 {
      put(octal(body.count, 11) + "\0", at: 124)
    } else {
      head[124] = 0x80
      for index in 0..<8 { head[135 - index] = UInt8(truncatingIfNeeded: body.count >> (8 * index)) }
    }
    put("00000000000\0" + "        " + "0", at: 136)
    put("ustar\0" + "00", at: 257)
    put(octal(head.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    bytes += head
    bytes += body
    bytes += [UInt8](repeating: 0, count: (Self.block - body.count % Self.block) % Self.block)
  }

  /// The archive with the two empty blocks that end it.
  public func finish() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Self.block) }
}
