import AleaData
import AleaModel
import AleaSolvers
import AleaSyntax

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Answers as files: what `save` writes.
public enum SavedFile {
  /// Writes an answer in the format that the path ends with: `.csv`, `.json`, `.txt`; charts also `.svg` and `.png`.
  ///
  ///     try SavedFile.save(.object(best), to: "policy.csv")
  ///
  /// - Throws: a `Diagnostic` for an unknown ending, a value that has no such form, or a path that cannot be written.
  public static func save(_ value: Value, to path: String) throws {
    switch fileExtension(path) {
    case "json":
      try write(Array((value.json.text + "\n").utf8), to: path)
    case "csv":
      if case .object(let object) = value, let table = object as? DataTable {
        try write(CSVWriter().bytes(table), to: path)
        return
      }
      guard let table = CSVTable(value) else {
        throw Diagnostic.error(
          "\(value.kindDescription) cannot be written as CSV", at: nil, notes: ["a path ending in .json takes any value"])
      }
      try write(Array(table.text.utf8), to: path)
    case "txt":
      try write(Array((AnswerText.text(of: value) + "\n").utf8), to: path)
    case let ending:
      throw Diagnostic.error(
        ending.isEmpty
          ? "`\(path)` has no ending that says the format" : "`.\(ending)` is not a format that answers are saved in",
        at: nil, notes: ["answers are saved as .csv, .json or .txt; `plot` and `graph` write .svg and .png"])
    }
  }

  /// The ending of a path in lower case, without its point.
  public static func fileExtension(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
    return name[name.index(after: point)...].lowercased()
  }

  /// Writes bytes to a new file beside the path and puts it in place when it is complete, so that no half file is ever seen.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    func failure() -> Diagnostic {
      let code = errno
      let notes =
        switch code {
        case ENOENT: ["its folder does not exist"]
        case EACCES, EPERM, EROFS: ["there is no permission to write there"]
        default: [String]()
        }
      return .error("cannot write `\(path)`: \(String(cString: strerror(code)))", at: nil, notes: notes)
    }
    var info = stat()
    let exists = stat(path, &info) == 0
    // Devices and pipes are written to directly.
    let isSpecial = exists && info.st_mode & S_IFMT != S_IFREG && info.st_mode & S_IFMT != S_IFDIR
    if exists, info.st_mode & S_IFMT == S_IFDIR { throw Diagnostic.error("cannot write `\(path)`: it is a folder", at: nil) }
    let target = isSpecial ? path : "\(path).\(getpid()).part"
    let file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, exists ? info.st_mode & 0o777 : 0o644)
    guard file >= 0 else { throw failure() }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { systemWrite(file, UnsafeRawBufferPointer(rebasing: $0[written...])) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let problem = failure()
        close(file)
        if !isSpecial { unlink(target) }
        throw problem
      }
      written += count
    }
    guard close(file) == 0, isSpecial || rename(target, path) == 0 else {
      let problem = failure()
      if !isSpecial { unlink(target) }
      throw problem
    }
  }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(file, bytes.baseAddress, bytes.count) }

/// Rows with a header as comma-separated values (RFC 4180).
public struct CSVTable: Sendable {
  public var header: [String]
  public var rows: [[String]]

  public init(header: [String], rows: [[String]]) {
    self.header = header
    self.rows = rows
  }

  /// The text, lines ended by CRLF; cells with commas, quotes or line breaks are quoted.
  public var text: String {
    var result = ""
    for row in [header] + rows { result += row.map(Self.cell).joined(separator: ",") + "\r\n" }
    return result
  }

  private static func cell(_ text: String) -> String {
    let needsQuotes = text.utf8.contains {
      $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
    }
    guard needsQuotes else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"\"" } else { quoted.unicodeScalars.append(scalar) }
    }
    return quoted + "\""
  }

  /// The rows of an answer by state: the scalar state variables, the numbers in full, the action variables; nil for other values.
  public init?(_ value: Value) {
    guard case .object(let object) = value else { return nil }
    switch object {
    case let solution as Solution:
      var quantities = Self.quantities(solution.sparse.byStep, "value")
      quantities += (solution.channelTotals ?? []).map { ($0.name, $0.totals) }
      if let occupancy = solution.occupancy { quantities.append(("occupancy", occupancy)) }
      self.init(solution.explored, quantities, solution.policyByStep)
    case let evaluation as Evaluation:
      var quantities = Self.quantities(evaluation.sparse, "value")
      quantities += (evaluation.channelTotals ?? []).map { ($0.name, $0.totals) }
      if let occupancy = evaluation.occupancy { quantities.append(("occupancy", occupancy)) }
      self.init(evaluation.explored, quantities, nil)
    case let reachability as Reachability:
      self.init(
        reachability.explored, Self.quantities(reachability.sparse, "probability"),
        reachability.sparse.policy.isEmpty ? nil : reachability.policy)
    case let function as StateFunction: self.init(function.explored, [(function.quantity, function.numbers)], nil)
    case let policy as PolicyFunction: self.init(policy.explored, [], policy)
    case let channels as ChannelTotals:
      self.init(channels.explored, channels.channels.map { ($0.name, $0.totals) }, nil)
    default: return nil
    }
  }

  private static func quantities(_ sparse: SparseSolution, _ name: String) -> [(String, [Double])] {
    sparse.gain.map { [("gain", $0), ("lower", sparse.lower), ("upper", sparse.upper), ("bias", sparse.value)] }
      ?? [(name, sparse.value), ("lower", sparse.lower), ("upper", sparse.upper)]
  }
}
