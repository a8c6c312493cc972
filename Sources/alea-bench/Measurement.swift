#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Clocks and memory of this process.
enum Measurement {
  /// Seconds of all threads' work so far.
  static var cpuTime: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
  static var wallTime: Double { seconds(CLOCK_MONOTONIC) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Seconds of all processors' work for anybody so far; nil where the system does not say.
  static var machineTime: Double? {
    guard let file = fopen("/proc/stat", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    guard fgets(&line, 512, file) != nil else { return nil }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ").compactMap { Double($0) }
    guard fields.count >= 8 else { return nil }
    // User, nice, system, interrupts and stolen time, in ticks; idle and waiting left out.
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Runs `work` and returns how many processors others kept busy meanwhile, on average; nil where the system does not say.
  static func othersLoad(during work: () throws -> Void) rethrows -> Double? {
    let (machine, cpu, wall) = (machineTime, cpuTime, wallTime)
    try work()
    guard let machine, let after = machineTime else { return nil }
    return max(0, (after - machine) - (cpuTime - cpu)) / (wallTime - wall)
  }

  /// What a piece of work took.
  struct Cost {
    var cpu = Double.infinity
    var wall = Double.infinity
  }

  /// The least cost of `rounds` runs, each part on its own.
  static func best(of rounds: Int, _ work: () -> Void) -> Cost {
    var best = Cost()
    for _ in 0..<rounds {
      let (cpu, wall) = (cpuTime, wallTime)
      work()
      best.cpu = min(best.cpu, cpuTime - cpu)
      best.wall = min(best.wall, wallTime - wall)
    }
    return best
  }

  /// Forgets the peak of memory so far, so that ``peakMemory`` is that of what follows. Does nothing where the system cannot.
  static func resetPeakMemory() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  /// The most memory held at once, in bytes; nil where the system does not say.
  static var peakMemory: Int? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 } }
    }
    return nil
  }
}

/// Rows of figures under headings, columns aligned.
struct BenchTable {
  var rows: [[String]]
  init(_ headings: [String]) { rows = [headings] }
  mutating func add(_ row: [String]) { rows.append(row) }

  func print() {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      Swift.print("  " + cells.joined(separator: "  "))
    }
  }
}

/// A number with so many decimals.
func decimals(_ number: Double, _ count: Int) -> String {
  guard number.isFinite, abs(number) < 1e12 else { return "\(number)" }
  var scale = 1
  for _ in 0..<count { scale *= 10 }
  let scaled = Int((abs(number) * Double(scale)).rounded())
  let sign = number < 0 && scaled > 0 ? "-" : ""
  if count == 0 { return sign + "\(scaled)" }
  let fraction = "\(scaled % scale)"
  return sign + "\(scaled / scale)." + String(repeating: "0", count: count - fraction.count) + fraction
}

/// A positive number as `1.2e-7`.
func scientific(_ number: Double) -> String {
  guard number > 0, number.isFinite else { return number == 0 ? "0" : "\(number)" }
  let exponent = Int(log10(number).rounded(.down))
  return decimals(number / pow(10, Double(exponent)), 1) + "e\(exponent)"
}
