#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The memory the machine can give.
enum MachineMemory {
  /// Half of what is available now, within the limits of the container, since solving takes room too; two gigabytes where the system
  /// does not say.
  static var available: Int {
    var result = 4 << 30
    if let text = read("/proc/meminfo"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      result = kilobytes << 10
    }
    if let limit = read("/sys/fs/cgroup/memory.max").flatMap({ Int($0.filter(\.isNumber)) }),
      let used = read("/sys/fs/cgroup/memory.current").flatMap({ Int($0.filter(\.isNumber)) })
    {
      result = min(result, max(0, limit - used))
    }
    return result / 2
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
