import AleaModel

/// How the standard errors of a linear estimator are computed, as a program says it: `errors: Robust()`.
public protocol ErrorMethod: Method {
  /// Whether factors for small samples are applied.
  var smallSample: Bool { get }
  /// The column whose values are the clusters, if there are clusters.
  var clusterColumn: String? { get }
  /// "homoskedastic", "robust (HC1)": in words.
  var words: String { get }
}

extension ErrorMethod {
  public var clusterColumn: String? { nil }

  /// The constructor with its settings, as a program writes it.
  var written: String {
    let settings = (clusterColumn.map { ["by: \"\($0)\""] } ?? []) + (smallSample ? [] : ["smallSample: false"])
    return "\(Self.name)(\(settings.joined(separator: ", ")))"
  }

  static var smallSampleParameter: MethodParameter {
    MethodParameter("smallSample", .boolean, default: .boolean(true), doc: "apply the factor for the parameters estimated")
  }
}

/// Equal variances: s^2 (X'PX)^-1 with s^2 = e'e / (n - k), or e'e / n without the small-sample factor.
public struct Homoskedastic: ErrorMethod {
  public static let name = "Homoskedastic"
  public static let summary = "standard errors that are right when all rows have errors of the same variance"
  public static let parameters = [smallSampleParameter]
  public var smallSample: Bool

  public init(smallSample: Bool = true) { self.smallSample = smallSample }
  public init(arguments: MethodArguments) { smallSample = arguments.boolean("smallSample") }
  public var words: String { smallSample ? "homoskedastic" : "homoskedastic, without small-sample factor" }
}

/// Heteroskedasticity-robust errors (White 1980): HC1, or HC0 without the small-sample factor n / (n - k).
public struct Robust: ErrorMethod {
  public static let name = "Robust"
  public static let summary = "standard errors that are right whatever the variances of the rows are"
  public static let parameters = [smallSampleParameter]
  public var smallSample: Bool

  public init(smallSample: Bool = true) { self.smallSample = smallSample }
  public init(arguments: MethodArguments) { smallSample = arguments.boolean("smallSample") }
  public var words: String { smallSample ? "robust (HC1)" : "robust (HC0)" }
}

/// One-way clustered errors, with the factor G / (G - 1) (n - 1) / (n - k) for small samples.
public struct Clustered: ErrorMethod {
  public static let name = "Clustered"
  public static let summary = "standard errors that are right when rows of one cluster go together"
  public static let parameters = [
    MethodParameter("by", .text, default: .text(""), doc: "the column whose values are the clusters"), smallSampleParameter,
  ]
  public var column: String
  public var smallSample: Bool

  public init(by column: String, smallSample: Bool = true) {
    self.column = column
    self.smallSample = smallSample
  }
  public init(arguments: MethodArguments) {
    column = arguments.text("by")
    smallSample = arguments.boolean("smallSample")
  }
  public var clusterColumn: String? { column }
  public var words: String { "clustered by \(column)" + (smallSample ? "" : ", without small-sample factor") }
}
