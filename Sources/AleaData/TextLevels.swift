/// The distinct texts of a column, numbered in the order in which they first occur.
///
/// Texts are kept as bytes one after the other, found again by an open-addressing hash table; strings are made once, at the end.
struct TextLevels {
  private var bytes: [UInt8] = []
  /// Where each text ends in ``bytes``.
  private var ends: [Int] = []
  private var hashes: [UInt64] = []
  /// Positions of texts, -1 where a slot is free; a power of two of them.
  private var slots = [Int32](repeating: -1, count: 16)

  var count: Int { ends.count }

  /// The number of a text, which is stored if it is new.
  ///
  /// - Returns: the number, and whether the text was new.
  mutating func intern(_ text: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = Self.hash(text)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let candidate = Int(slots[slot])
      if hashes[candidate] == hash, equals(candidate, text) { return (candidate, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    let index = ends.count
    slots[slot] = Int32(index)
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    hashes.append(hash)
    if ends.count * 2 > slots.count { grow() }
    return (index, true)
  }

  /// The texts as strings.
  func strings() -> [String] {
    ends.indices.map { String(decoding: bytes[range($0)], as: UTF8.self) }
  }

  private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  private func equals(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = range(index)
    guard range.count == text.count else { return false }
    return bytes.withUnsafeBufferPointer { stored in
      var position = 0
      while position < text.count {
        if stored[range.lowerBound + position] != text[position] { return false }
        position += 1
      }
      return true
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for (index, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }

  /// FNV-1a (Fowler, Noll, Vo), with its high bits folded into the low ones.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 32)
  }
}
