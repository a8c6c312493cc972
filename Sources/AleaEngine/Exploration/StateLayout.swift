import AleaModel
import Synchronization

/// How the values of a state are packed into integer keys: a bit field for each variable, in words of 64 bits.
struct StateLayout: Sendable {
  struct Field: Sendable {
    var domain: Domain
    var word: Int
    var shift: Int
    var bits: Int
    /// Taken off a value before it is stored, when the domain consists of consecutive integers.
    var offset: Double?

    var mask: UInt64 { bits == 64 ? .max : (1 << UInt64(bits)) - 1 }

    /// The number stored for a value, or nil when it does not fit.
    func code(of value: Double) -> UInt64? {
      if let offset {
        let code = value - offset
        guard code >= 0, code < 0x1p32, code.rounded() == code, UInt64(code) <= mask else { return nil }
        return UInt64(code)
      }
      return domain.position(of: value).map { UInt64($0) }
    }

    func value(of code: UInt64) -> Double {
      if let offset { return Double(code) + offset }
      return domain.value(at: Int(code))
    }
  }

  let variables: [VariableID]
  let includesTime: Bool
  /// One a variable, then the time when it is included.
  let fields: [Field]
  let words: Int

  /// - Parameter horizon: the number of steps, when time is part of the state.
  init(variables: [VariableID], domains: [Domain], horizon: Int?) {
    self.variables = variables
    includesTime = horizon != nil
    var fields: [Field] = []
    var word = 0
    var used = 0
    func add(_ domain: Domain, bits: Int, offset: Double?) {
      if used + bits > 64 {
        word += 1
        used = 0
      }
      fields.append(Field(domain: domain, word: word, shift: used, bits: bits, offset: offset))
      used += bits
    }
    for domain in domains {
      let size = domain.count ?? 0
      let bits = size <= 1 ? 0 : 64 - (size - 1).leadingZeroBitCount
      switch domain {
      case .boolean: add(domain, bits: 1, offset: 0)
      case .range(let low, _): add(domain, bits: bits, offset: Double(low))
      case .symbols(let codes):
        let isConsecutive = codes.indices.allSatisfy { codes[$0] == codes[0] + $0 }
        add(domain, bits: bits, offset: isConsecutive ? Double(codes.first ?? 0) : nil)
      case .numbers: add(domain, bits: bits, offset: nil)
      // Unbounded integers are kept in 32 bits.
      case .integers, .reals: add(domain, bits: 32, offset: -0x1p31)
      }
    }
    if let horizon {
      add(.range(0, horizon), bits: 64 - horizon.leadingZeroBitCount, offset: 0)
    }
    self.fields = fields
    words = word + 1
  }

  /// The bits a key uses.
  var bitCount: Int { fields.map { $0.word * 64 + $0.shift + $0.bits }.max() ?? 0 }

  /// The number of combinations of values, as a floating-point number since it may be huge; nil when a domain is not finite.
  var combinationCount: Double? {
    var product = 1.0
    for field in fields {
      guard let count = field.domain.count else { return nil }
      product *= Double(count)
    }
    return product
  }
}

/// The keys of all states found, with the way back from a key to its number.
///
/// States are numbered in the order in which they are added. Keys of one word and few bits use a table addressed by the key itself;
/// other keys use open addressing with linear probing, sixteen bytes a slot, at most half full.
final class StateIndex: @unchecked Sendable {
  let words: Int
  private(set) var keys: Column<UInt64>
  private var direct: UnsafeMutablePointer<Int32>?
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private(set) var count = 0
  /// Whether the table was given back; ``find(_:)`` makes slots when it is first asked then.
  private let isWithoutTable = Mutex(false)

  private struct Slot {
    /// The key for one-word keys, a hash for longer ones.
    var tag: UInt64
    /// The state's number plus one; 0 marks a free slot.
    var id: Int
  }

  /// Keys below two to this many bits are table indices.
  static let directBits = 26

  init(words: Int, bitCount: Int) {
    self.words = words
    keys = Column<UInt64>(capacity: 1024)
    if words == 1, bitCount <= Self.directBits {
      // Zeroed pages are taken from the system only when touched.
      direct = calloc(1 << max(bitCount, 1), MemoryLayout<Int32>.stride)?.assumingMemoryBound(to: Int32.self)
    }
    mask = direct == nil ? 4095 : 0
    slots = Self.allocate(mask + 1)
  }

  deinit {
    free(direct)
    free(slots)
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Slot> {
    guard let memory = calloc(count, MemoryLayout<Slot>.stride) else { fatalError("out of memory") }
    return memory.assumingMemoryBound(to: Slot.self)
  }

  /// The bytes the index takes, as far as touched.
  var byteCount: Int { (direct == nil ? (mask + 1) * MemoryLayout<Slot>.stride : 4 * count) + 8 * keys.count }

  /// The table addressed by keys (state number plus one, 0 for none), when there is one.
  var directTable: UnsafeMutablePointer<Int32>? { direct }

  @inline(__always)
  private static func mix(_ key: UInt64) -> UInt64 {
    let product = key &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product >> 32)
  }

  private func hash(_ key: UnsafePointer<UInt64>) -> UInt64 {
    if words == 1 { return key.pointee }
    var result: UInt64 = 0
    for word in 0..<words { result = Self.mix(result ^ key[word]) &+ UInt64(word) }
    return result
  }

  @inline(__always)
  private func matches(_ id: Int, _ key: UnsafePointer<UInt64>) -> Bool {
    if words == 1 { return true }
    for word in 0..<words where keys.pointer[id * words + word] != key[word] { return false }
    return true
  }

  /// The number of a state, or nil when it was not added.
  func find(_ key: UnsafePointer<UInt64>) -> Int? {
    if let direct {
      let id = direct[Int(key.pointee)]
      return id == 0 ? nil : Int(id) - 1
    }
    isWithoutTable.withLock { if $0 { makeSlots(&$0) } }
    let tag = hash(key)
    var position = Int(truncatingIfNeeded: Self.mix(tag)) & mask
    while slots[position].id != 0 {
      if slots[position].tag == tag, matches(slots[position].id - 1, key) { return slots[position].id - 1 }
      position = (position + 1) & mask
    }
    return nil
  }

  /// Gives back the table addressed by keys, when there is one: no more states may be added.
  func releaseTable() {
    guard let direct else { return }
    free(direct)
    self.direct = nil
    isWithoutTable.withLock { $0 = true }
  }

  private func makeSlots(_ isMissing: inout Bool) {
    free(slots)
    mask = 4095
    while 2 * count > mask { mask = 2 * mask + 1 }
    slots = Self.allocate(mask + 1)
    for id in 0..<count {
      let key = keys.pointer[id]
      var position = Int(truncatingIfNeeded: Self.mix(key)) & mask
      while slots[position].id != 0 { position = (position + 1) & mask }
      slots[position] = Slot(tag: key, id: id + 1)
    }
    isMissing = false
  }

  /// The number of a state, which is added when it is new.
  @inline(__always)
  func insert(_ key: UnsafePointer<UInt64>) -> Int {
    if let direct {
      let known = direct[Int(key.pointee)]
      if known != 0 { return Int(known) - 1 }
      append(key)
      direct[Int(key.pointee)] = Int32(truncatingIfNeeded: count)
      return count - 1
    }
    return insertHashed(key)
  }

  private func insertHashed(_ key: UnsafePointer<UInt64>) -> Int {
    let tag = hash(key)
    var position = Int(truncatingIfNeeded: Self.mix(tag)) & mask
    while slots[position].id != 0 {
      if slots[position].tag == tag, matches(slots[position].id - 1, key) { return slots[position].id - 1 }
      position = (position + 1) & mask
    }
    append(key)
    slots[position] = Slot(tag: tag, id: count)
    let result = count - 1
    if 2 * count > mask { grow() }
    return result
  }

  private func append(_ key: UnsafePointer<UInt64>) {
    let room = keys.reserve(words)
    for word in 0..<words { room[word] = key[word] }
    keys.commit(words)
    count += 1
  }

  private func grow() {
    let old = slots
    let oldMask = mask
    mask = 2 * mask + 1
    slots = Self.allocate(mask + 1)
    for index in 0...oldMask where old[index].id != 0 {
      var position = Int(truncatingIfNeeded: Self.mix(old[index].tag)) & mask
      while slots[position].id != 0 { position = (position + 1) & mask }
      slots[position] = old[index]
    }
    free(old)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
