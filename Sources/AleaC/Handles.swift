import Synchronization

/// The objects that C programs hold, by handles that are never given twice: a handle that was given back finds nothing.
final class HandleTable<Object: AnyObject & Sendable>: Sendable {
  private let objects = Mutex<[UInt: Object]>([:])

  func add(_ object: Object) -> OpaquePointer? {
    let handle = Handle.next()
    objects.withLock { $0[handle] = object }
    return OpaquePointer(bitPattern: handle)
  }

  subscript(handle: OpaquePointer?) -> Object? {
    guard let handle else { return nil }
    return objects.withLock { $0[UInt(bitPattern: handle)] }
  }

  @discardableResult
  func remove(_ handle: OpaquePointer?) -> Object? {
    guard let handle else { return nil }
    return objects.withLock { $0.removeValue(forKey: UInt(bitPattern: handle)) }
  }
}

/// Where handles come from: one row of numbers for all kinds, so that a handle of one kind is none of another.
private enum Handle {
  private static let last = Atomic<UInt>(0)

  /// Multiples of 16, like addresses; they are never followed.
  static func next() -> UInt { last.wrappingAdd(16, ordering: .relaxed).newValue }
}

/// What all calls share.
enum Library {
  static let sessions = HandleTable<SessionBox>()
  static let values = HandleTable<ValueBox>()
}

/// A text that C may read for as long as this object lives.
final class CText: Sendable {
  private let storage: UInt

  init(_ text: String) {
    // A NUL would end the text early for C.
    let bytes = text.utf8.map { $0 == 0 ? UInt8(ascii: " ") : $0 } + [0]
    let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { memory[index] = CChar(bitPattern: byte) }
    storage = UInt(bitPattern: memory.baseAddress)
  }

  deinit { UnsafeMutablePointer<CChar>(bitPattern: storage)?.deallocate() }

  var pointer: UnsafePointer<CChar>? { UnsafePointer(bitPattern: storage) }

  /// Programs are shorter than this, so that places in them have numbers.
  private static let longest = 1 << 30

  /// The text at a C pointer; nil for NULL, for bytes that are not UTF-8, and for texts too long to be programs.
  static func read(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer else { return nil }
    var count = 0
    while pointer[count] != 0 {
      count += 1
      if count > longest { return nil }
    }
    return pointer.withMemoryRebound(to: UInt8.self, capacity: count) {
      String(validating: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
    }
  }
}
