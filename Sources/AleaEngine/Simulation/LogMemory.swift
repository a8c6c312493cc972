import AleaSyntax

/// The room that the rows of a log take, asked for before they are made.
public enum LogMemory {
  /// Rows exist twice while blocks are joined and a third time while they are sorted.
  private static let copies = 3

  /// - Parameters:
  ///   - columns: the numbers kept of each row, with those that estimators add.
  ///   - limit: the bytes allowed; nil for what the machine can give.
  /// - Throws: a ``DiagnosticError`` with the size where it is more than allowed.
  public static func require(rows: Int, columns: Int, limit: Int?, at span: SourceSpan? = nil) throws {
    let bytes = Double(rows) * Double(columns) * Double(MemoryLayout<Double>.size * copies)
    let allowed = limit ?? MachineMemory.available
    guard bytes > Double(allowed) else { return }
    throw DiagnosticError(
      .error(
        "a log of \(rows) rows with \(columns) numbers each needs about \(text(bytes)), and \(text(Double(allowed))) are free",
        at: span,
        notes: ["log fewer episodes, or a shorter `horizon:`"]))
  }

  private static func text(_ bytes: Double) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB", "PB"]
    var value = bytes
    var unit = 0
    while value >= 1_000, unit < units.count - 1 {
      value /= 1_000
      unit += 1
    }
    let rounded = (value * 10).rounded() / 10
    return "\(rounded) \(units[unit])"
  }
}
