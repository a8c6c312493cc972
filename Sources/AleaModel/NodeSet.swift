/// A set of a graph's nodes, by index: a row of bits.
///
/// ```swift
/// var given: NodeSet = [0, 3]
/// given.formUnion([7])
/// given.contains(3)  // true
/// ```
/// The first 64 nodes need no storage beyond the value itself. Iteration is in increasing order of index.
///
/// - Complexity: set operations take O(largest index / 64).
public struct NodeSet: SetAlgebra, Sequence, Hashable, Sendable {
  private var low: UInt64 = 0
  /// The words after the first, without trailing zeros, so that equal sets have equal storage.
  private var high: [UInt64] = []

  public init() {}

  /// The set of one node.
  public init(node: Int) { insert(node) }

  /// All nodes of a range that begins at zero.
  public init(upTo count: Int) {
    for index in 0..<Swift.max(0, count) { insert(index) }
  }

  public var isEmpty: Bool { low == 0 && high.isEmpty }

  public var count: Int { high.reduce(low.nonzeroBitCount) { $0 + $1.nonzeroBitCount } }

  /// The node of smallest index.
  public var first: Int? {
    if low != 0 { return low.trailingZeroBitCount }
    for (position, word) in high.enumerated() where word != 0 { return (position + 1) * 64 + word.trailingZeroBitCount }
    return nil
  }

  public func contains(_ member: Int) -> Bool {
    if member < 64 { return member >= 0 && low & (1 << UInt64(member)) != 0 }
    let word = member / 64 - 1
    return word < high.count && high[word] & (1 << UInt64(member % 64)) != 0
  }

  @discardableResult
  public mutating func insert(_ member: Int) -> (inserted: Bool, memberAfterInsert: Int) {
    precondition(member >= 0, "a node has an index of zero or more")
    if contains(member) { return (false, member) }
    if member < 64 {
      low |= 1 << UInt64(member)
    } else {
      let word = member / 64 - 1
      while high.count <= word { high.append(0) }
      high[word] |= 1 << UInt64(member % 64)
    }
    return (true, member)
  }

  @discardableResult
  public mutating func remove(_ member: Int) -> Int? {
    guard contains(member) else { return nil }
    if member < 64 { low &= ~(1 << UInt64(member)) } else { high[member / 64 - 1] &= ~(1 << UInt64(member % 64)) }
    trim()
    return member
  }

  @discardableResult
  public mutating func update(with member: Int) -> Int? { insert(member).inserted ? nil : member }

  public mutating func formUnion(_ other: NodeSet) {
    low |= other.low
    while high.count < other.high.count { high.append(0) }
    for word in other.high.indices { high[word] |= other.high[word] }
  }

  public mutating func formIntersection(_ other: NodeSet) {
    low &= other.low
    if high.isEmpty { return }
    for word in high.indices { high[word] &= word < other.high.count ? other.high[word] : 0 }
    trim()
  }

  public mutating func formSymmetricDifference(_ other: NodeSet) {
    low ^= other.low
    while high.count < other.high.count { high.append(0) }
    for word in other.high.indices { high[word] ^= other.high[word] }
    trim()
  }

  public mutating func subtract(_ other: NodeSet) {
    low &= ~other.low
    if high.isEmpty { return }
    for word in 0..<Swift.min(high.count, other.high.count) { high[word] &= ~other.high[word] }
    trim()
  }

  public func union(_ other: NodeSet) -> NodeSet {
    var result = self
    result.formUnion(other)
    return result
  }

  public func intersection(_ other: NodeSet) -> NodeSet {
    var result = self
    result.formIntersection(other)
    return result
  }

  public func symmetricDifference(_ other: NodeSet) -> NodeSet {
    var result = self
    result.formSymmetricDifference(other)
    return result
  }

  public func subtracting(_ other: NodeSet) -> NodeSet {
    var result = self
    result.subtract(other)
    return result
  }

  public func isDisjoint(with other: NodeSet) -> Bool { intersection(other).isEmpty }

  public func isSubset(of other: NodeSet) -> Bool { subtracting(other).isEmpty }

  private mutating func trim() {
    while high.last == 0 { high.removeLast() }
  }

  public struct Iterator: IteratorProtocol {
    private var word: UInt64
    private var position = 0
    private let high: [UInt64]

    fileprivate init(_ low: UInt64, _ high: [UInt64]) {
      word = low
      self.high = high
    }

    public mutating func next() -> Int? {
      while word == 0 {
        guard position < high.count else { return nil }
        word = high[position]
        position += 1
      }
      let bit = word.trailingZeroBitCount
      word &= word - 1
      return position * 64 + bit
    }
  }

  public func makeIterator() -> Iterator { Iterator(low, high) }
}
