import AleaModel

/// Numbers distinct keys in the order in which they first come.
///
/// A slot holds part of the key's hash beside its number, so that a key is looked at only where it is very likely the one; at most three
/// quarters of the slots are taken.
struct KeyNumbering {
  /// The keys by number.
  let keys = Column<UInt64>()
  private var slots = Column<Slot>(zeros: 1 << 10)

  private struct Slot: BitwiseCopyable, Sendable {
    var tag: UInt32
    /// The number plus one; 0 marks a free slot.
    var number: Int32
  }

  var count: Int { keys.count }

  /// The number of a key, which is added when it is new.
  mutating func number(_ key: UInt64) -> Int32 {
    if 4 * (keys.count + 1) > 3 * slots.count { grow() }
    let (slot, tag) = place(of: key, in: slots)
    let found = slots.pointer[slot].number
    if found != 0 { return found - 1 }
    keys.append(key)
    slots.pointer[slot] = Slot(tag: tag, number: Int32(keys.count))
    return Int32(keys.count - 1)
  }

  /// Where a key is, or would be.
  private func place(of key: UInt64, in slots: Column<Slot>) -> (slot: Int, tag: UInt32) {
    // The mixing of MurmurHash3: every bit of the key changes every bit of the hash with probability near one half.
    var hash = key
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    hash ^= hash >> 33
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while true {
      let found = slots.pointer[slot]
      if found.number == 0 || found.tag == tag && keys.pointer[Int(found.number) - 1] == key { return (slot, tag) }
      slot = (slot + 1) & (slots.count - 1)
    }
  }

  private mutating func grow() {
    let larger = Column<Slot>(zeros: 2 * slots.count)
    for number in 0..<keys.count {
      let (slot, tag) = place(of: keys.pointer[number], in: larger)
      larger.pointer[slot] = Slot(tag: tag, number: Int32(number + 1))
    }
    slots = larger
  }
}
