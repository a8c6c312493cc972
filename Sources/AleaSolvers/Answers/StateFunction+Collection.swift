/// The numbers in the order of the states (step after step, where they depend on it), over the answer's own memory.
///
///     best.value.max()
///     best.value.withContiguousStorageIfAvailable { numbers in ... }
extension StateFunction: RandomAccessCollection {
  public var startIndex: Int { numbers.startIndex }
  public var endIndex: Int { numbers.endIndex }
  public subscript(position: Int) -> Double { numbers[position] }

  public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<Double>) throws -> Result
  ) rethrows -> Result? { try numbers.withContiguousStorageIfAvailable(body) }
}
