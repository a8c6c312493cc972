/// How answers are written.
public struct ReportOptions: Sendable {
  /// No line is wider.
  public var width: Int
  /// Significant digits of a column's largest number; fewer where the bound does not justify them.
  public var digits: Int
  public var showsTime: Bool
  /// Whether lines, arrows and block characters may be used; else plain ASCII.
  public var unicode: Bool
  /// Models with more states are summarised.
  public var maximumStates: Int

  public init(width: Int = 80, digits: Int = 6, showsTime: Bool = false, unicode: Bool = true, maximumStates: Int = 120) {
    self.width = max(20, width)
    self.digits = max(1, min(17, digits))
    self.showsTime = showsTime
    self.unicode = unicode
    self.maximumStates = maximumStates
  }
}
