/// Contiguous storage of plain values that is filled once and then only read: what hot loops work on.
///
/// A builder appends or reserves, growing by `realloc` so that large columns move without copying; when the column is finished it is
/// shared without copies. Reading through ``subscript(_:)`` is checked; kernels use ``pointer``.
public final class Column<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  /// Loops read address and count for every element: checks for overlapping access at run time would cost more than the loops, and
  /// other modules leave them out only where they see how the properties are read.
  @exclusivity(unchecked) @usableFromInline var storage: UnsafeMutablePointer<Element>
  @exclusivity(unchecked) @usableFromInline var size: Int
  private var capacity: Int

  /// The first element; valid while the column lives. Never nil, also for empty columns.
  @inlinable public var pointer: UnsafeMutablePointer<Element> { storage }
  @inlinable public var count: Int { size }

  /// An empty column with room for `capacity` elements.
  public init(capacity: Int = 0) {
    self.capacity = max(capacity, 1)
    size = 0
    storage = UnsafeMutableRawPointer(
      malloc(self.capacity * MemoryLayout<Element>.stride)!
    ).assumingMemoryBound(to: Element.self)
  }

  /// Elements whose bytes are all zero. Until they are written they take no memory.
  public init(zeros count: Int) {
    capacity = max(count, 1)
    size = count
    storage = UnsafeMutableRawPointer(
      calloc(capacity, MemoryLayout<Element>.stride)!
    ).assumingMemoryBound(to: Element.self)
  }

  public convenience init(repeating value: Element, count: Int) {
    self.init(capacity: count)
    pointer.initialize(repeating: value, count: count)
    size = count
  }

  public convenience init(_ elements: some Collection<Element>) {
    self.init(capacity: elements.count)
    var index = 0
    for element in elements {
      pointer[index] = element
      index += 1
    }
    size = index
  }

  deinit { free(pointer) }

  /// Makes room for `extra` more elements and returns the address of the first of them; `commit` says how many were written.
  public func reserve(_ extra: Int) -> UnsafeMutablePointer<Element> {
    let needed = count + extra
    if needed > capacity {
      capacity = max(needed, capacity + capacity / 2)
      storage = UnsafeMutableRawPointer(realloc(pointer, capacity * MemoryLayout<Element>.stride)!)
        .assumingMemoryBound(to: Element.self)
    }
    return pointer + count
  }

  /// Takes over `written` elements that were stored at the address ``reserve(_:)`` gave.
  public func commit(_ written: Int) {
    precondition(count + written <= capacity)
    size += written
  }

  public func append(_ element: Element) {
    reserve(1).pointee = element
    size += 1
  }

  /// Gives back unused room.
  public func shrink() {
    guard capacity > max(count, 1) else { return }
    capacity = max(count, 1)
    storage = UnsafeMutableRawPointer(realloc(pointer, capacity * MemoryLayout<Element>.stride)!)
      .assumingMemoryBound(to: Element.self)
  }

  @inlinable public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < size, "column index out of range")
      return storage[index]
    }
    set {
      precondition(index >= 0 && index < size, "column index out of range")
      storage[index] = newValue
    }
  }

  public var array: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
