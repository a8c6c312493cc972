import AleaModel

/// What compressed data hold: the DEFLATE format, alone or in a file of gzip.
///
/// Sources: RFC 1951 (DEFLATE), RFC 1952 (GZIP).
public enum Inflate {
  /// Whether bytes start as a file of gzip does.
  public static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 2 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8
  }

  /// The contents of a file of gzip, all its members one after another.
  ///
  /// - Throws: ``DataFileError`` for what is cut short or broken; the checksum of each member is compared.
  /// - Complexity: O(size of the contents), which the data cannot make larger than about a thousand times their own size.
  public static func gzip(_ bytes: UnsafeRawBufferPointer, file: String) throws(DataFileError) -> Column<UInt8> {
    let output = Column<UInt8>()
    var place = 0
    repeat {
      let start = output.count
      guard let body = headEnd(bytes, from: place) else {
        throw DataFileError(file: file, "the head of the compressed data is broken at byte \(place)")
      }
      let end = body + (try run(.init(rebasing: bytes[body...]), into: output, file: file))
      guard end + 8 <= bytes.count else { throw DataFileError(file: file, "the compressed data are cut short") }
      let sum = bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian
      guard sum == Checksum.crc32(.init(start: output.pointer + start, count: output.count - start)) else {
        throw DataFileError(file: file, "the compressed data are broken: their checksum is another")
      }
      place = end + 8
    } while place < bytes.count && isGzip(.init(rebasing: bytes[place...]))
    return output
  }

  /// The contents of data in the DEFLATE format.
  public static func raw(_ bytes: UnsafeRawBufferPointer, file: String) throws(DataFileError) -> Column<UInt8> {
    let output = Column<UInt8>()
    _ = try run(bytes, into: output, file: file)
    return output
  }

  /// Where the compressed data of a member of gzip start.
  private static func headEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start + 10 <= bytes.count, isGzip(.init(rebasing: bytes[start...])) else { return nil }
    let flags = bytes[start + 3]
    var place = start + 10
    if flags & 4 != 0 {
      guard place + 2 <= bytes.count else { return nil }
      place += 2 + Int(bytes[place]) + Int(bytes[place + 1]) << 8
    }
    for flag in [UInt8(8), 16] where flags & flag != 0 {
      while place < bytes.count, bytes[place] != 0 { place += 1 }
      place += 1
    }
    if flags & 2 != 0 { place += 2 }
    return place <= bytes.count ? place : nil
  }

  private static func run(
    _ bytes: UnsafeRawBufferPointer, into output: Column<UInt8>, file: String
  ) throws(DataFileError) -> Int {
    var reader = InflateReader(bytes: bytes, output: output)
    guard reader.run() else {
      throw DataFileError(
        file: file, reader.isCut ? "the compressed data are cut short" : "the compressed data are broken")
    }
    return reader.place
  }
}

/// The checksum of ZIP and gzip.
public enum Checksum {
  private static let table: [UInt32] = (0..<256).map { (byte: UInt32) in
    (0..<8).reduce(byte) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  public static func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    table.withUnsafeBufferPointer { table in
      for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8 }
    }
    return sum ^ 0xFFFF_FFFF
  }
}

/// The lengths of the codes of an alphabet as a table that every word of the longest length indexes.
private struct CodeTable {
  /// The symbol of each word times 16, plus the length of its code; 0 where no code stands.
  private var entries: [UInt32] = []
  private(set) var bits = 0

  /// Nil for more codes than the lengths have room for.
  init?(_ lengths: ArraySlice<UInt8>) {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    bits = counts.lastIndex { $0 > 0 } ?? 0
    var next = [Int](repeating: 0, count: 17)
    var code = 0
    for length in 1...15 {
      code = (code + counts[length - 1]) << 1
      next[length] = code
      guard code + counts[length] <= 1 << length else { return nil }
    }
    entries = [UInt32](repeating: 0, count: 1 << bits)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      // Codes stand with their first bit lowest.
      var reversed = 0
      for bit in 0..<Int(length) where next[Int(length)] >> bit & 1 == 1 { reversed |= 1 << (Int(length) - 1 - bit) }
      next[Int(length)] += 1
      while reversed < entries.count {
        entries[reversed] = UInt32(symbol) << 4 | UInt32(length)
        reversed += 1 << Int(length)
      }
    }
  }

  func entry(_ word: UInt64) -> UInt32 { entries[Int(truncatingIfNeeded: word) & (entries.count - 1)] }
}

private struct InflateReader {
  let bytes: UnsafeRawBufferPointer
  let output: Column<UInt8>
  /// The first byte that is not in ``word``, at the end the first after the data.
  private(set) var place = 0
  private var word: UInt64 = 0
  private var held = 0
  private(set) var isCut = false

  init(bytes: UnsafeRawBufferPointer, output: Column<UInt8>) {
    self.bytes = bytes
    self.output = output
    start = output.count
  }

  private let start: Int

  private mutating func fill() {
    while held <= 56, place < bytes.count {
      word |= UInt64(bytes[place]) << UInt64(held)
      place += 1
      held += 8
    }
  }

  /// The next bits, the first the lowest; nil at the end of the data.
  private mutating func take(_ count: Int) -> Int? {
    if held < count { fill() }
    guard held >= count else {
      isCut = true
      return nil
    }
    let value = Int(word & (1 << UInt64(count) - 1))
    word >>= UInt64(count)
    held -= count
    return value
  }

  private mutating func symbol(_ table: borrowing CodeTable) -> Int? {
    if held < 15 { fill() }
    let entry = table.entry(word)
    let length = Int(entry & 15)
    guard length > 0, length <= held else {
      isCut = place == bytes.count && held < 15
      return nil
    }
    word >>= UInt64(length)
    held -= length
    return Int(entry >> 4)
  }

  /// Reads all blocks; false where something is wrong.
  mutating func run() -> Bool {
    var isLast = false
    while !isLast {
      guard let last = take(1), let kind = take(2) else { return false }
      isLast = last == 1
      switch kind {
      case 0: guard stored() else { return false }
      case 1:
        guard let codes = Self.fixed, coded(codes.0, codes.1) else { return false }
      case 2: guard let codes = tables(), coded(codes.0, codes.1) else { return false }
      default: return false
      }
    }
    place -= held / 8
    return true
  }

  private mutating func stored() -> Bool {
    _ = take(held % 8)
    guard let length = take(16), let inverse = take(16), length == ~inverse & 0xFFFF else { return false }
    place -= held / 8
    (word, held) = (0, 0)
    guard place + length <= bytes.count else {
      isCut = true
      return false
    }
    if length > 0, let from = bytes.baseAddress {
      UnsafeMutableRawPointer(output.reserve(length)).copyMemory(from: from + place, byteCount: length)
      output.commit(length)
    }
    place += length
    return true
  }

  private static let fixed: (CodeTable, CodeTable)? = {
    let lengths = (0..<288).map { UInt8($0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8) }
    guard let symbols = CodeTable(lengths[...]), let distances = CodeTable([UInt8](repeating: 5, count: 30)[...]) else {
      return nil
    }
    return (symbols, distances)
  }()

  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  /// The codes that a block brings along.
  private mutating func tables() -> (CodeTable, CodeTable)? {
    guard let symbols = take(5), let distances = take(5), let orders = take(4), symbols <= 29, distances <= 29 else { return nil }
    var short = [UInt8](repeating: 0, count: 19)
    for index in 0..<(orders + 4) {
      guard let length = take(3) else { return nil }
      short[Self.order[index]] = UInt8(length)
    }
    guard let code = CodeTable(short[...]) else { return nil }
    let (first, count) = (symbols + 257, symbols + 257 + distances + 1)
    var lengths: [UInt8] = []
    while lengths.count < count {
      guard let symbol = symbol(code) else { return nil }
      switch symbol {
      case 16:
        guard let last = lengths.last, let times = take(2) else { return nil }
        lengths += [UInt8](repeating: last, count: times + 3)
      case 17, 18:
        guard let times = take(symbol == 17 ? 3 : 7) else { return nil }
        lengths += [UInt8](repeating: 0, count: times + (symbol == 17 ? 3 : 11))
      default: lengths.append(UInt8(symbol))
      }
    }
    guard lengths.count == count, let a = CodeTable(lengths[..<first]), let b = CodeTable(lengths[first...]) else { return nil }
    return (a, b)
  }

  private static let lengthBase = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
  private static let distanceBase = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
    12289, 16385, 24577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]

  private mutating func coded(_ symbols: borrowing CodeTable, _ distances: borrowing CodeTable) -> Bool {
    while true {
      guard let symbol = symbol(symbols) else { return false }
      if symbol < 256 {
        output.append(UInt8(symbol))
      } else if symbol == 256 {
        return true
      } else {
        guard symbol < 286, let extra = take(Self.lengthBits[symbol - 257]), let far = self.symbol(distances), far < 30,
          let more = take(Self.distanceBits[far])
        else { return false }
        let length = Self.lengthBase[symbol - 257] + extra
        let distance = Self.distanceBase[far] + more
        guard distance <= output.count - start else { return false }
        let to = output.reserve(length)
        for index in 0..<length { to[index] = to[index - distance] }
        output.commit(length)
      }
    }
  }
}
