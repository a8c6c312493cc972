#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a file: mapped into memory where the file allows it, read otherwise (pipes, devices).
public final class FileBytes: @unchecked Sendable {
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// - Throws: ``DataFileError`` for a file that is missing, a folder, or not readable.
  public init(path: String) throws(DataFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw DataFileError(
        file: path, code == ENOENT ? "there is no such file" : "it cannot be read: \(String(cString: strerror(code)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw DataFileError(file: path, "it cannot be read: \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw DataFileError(file: path, "it is a folder, not a file") }
    let size = Int(status.st_size)
    if status.st_mode & S_IFMT == S_IFREG, size > 0,
      let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
    {
      posix_madvise(address, size, POSIX_MADV_SEQUENTIAL)
      bytes = UnsafeRawBufferPointer(start: address, count: size)
      isMapped = true
      return
    }
    isMapped = false
    let content = Self.drained(descriptor)
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, content.count), alignment: 8)
    content.withUnsafeBytes { copy.copyMemory(from: $0) }
    bytes = UnsafeRawBufferPointer(rebasing: copy[..<content.count])
  }

  deinit {
    guard let address = bytes.baseAddress else { return }
    let mutable = UnsafeMutableRawPointer(mutating: address)
    if isMapped { munmap(mutable, bytes.count) } else { mutable.deallocate() }
  }

  private static func drained(_ descriptor: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return result }
      result.append(contentsOf: buffer[0..<count])
    }
  }
}
