/// A picture of numbers: lines, steps, points or a heat map, with axes, to be drawn as characters, SVG or PNG.
public struct Chart: Sendable {
  public enum Style: String, Hashable, Sendable { case line, step, points }

  /// One curve: points in order; a gap where a coordinate is not finite.
  public struct Series: Sendable {
    public var name: String
    public var x: [Double]
    public var y: [Double]
    public var style: Style
    /// A band around the curve, such as a confidence interval.
    public var band: (low: [Double], high: [Double])?
    public init(_ name: String, x: [Double], y: [Double], style: Style = .line, band: (low: [Double], high: [Double])? = nil) {
      self.name = name
      self.x = x
      self.y = y
      self.style = style
      self.band = band
    }
  }

  /// A table of numbers or of categories shown by colour; NaN cells are empty. The first row is at the top.
  public struct HeatMap: Sendable {
    public var rows: [[Double]]
    public var rowLabels: [String]
    public var columnLabels: [String]
    /// Names where the numbers are codes 0, 1, 2, ... of categories (actions, say); empty for quantities.
    public var categories: [String]
    /// What the colours mean: "value".
    public var quantity: String
    public init(
      rows: [[Double]], rowLabels: [String], columnLabels: [String], categories: [String] = [], quantity: String = ""
    ) {
      self.rows = rows
      self.rowLabels = rowLabels
      self.columnLabels = columnLabels
      self.categories = categories
      self.quantity = quantity
    }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  public var heatMap: HeatMap?
  public var logarithmicX = false
  public var logarithmicY = false
  /// Names of the levels 0, 1, 2, ... of the vertical axis, where it shows categories.
  public var yCategories: [String] = []

  public init(title: String = "", xLabel: String = "", yLabel: String = "", series: [Series] = [], heatMap: HeatMap? = nil) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    self.heatMap = heatMap
  }

  /// The colours of Okabe and Ito (2008), told apart with every common colour vision.
  static let palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F"]

  /// A few points of the viridis colour map (Smith and van der Walt 2015), dark to light.
  static let colours: [(Double, Double, Double)] = [
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50),
    (253, 231, 37),
  ]

  /// The colour at a fraction of the map.
  static func colour(_ fraction: Double) -> (red: Int, green: Int, blue: Int) {
    let place = min(max(fraction, 0), 1) * Double(colours.count - 1)
    let low = min(Int(place), colours.count - 2)
    let rest = place - Double(low)
    func mix(_ a: Double, _ b: Double) -> Int { Int((a + (b - a) * rest).rounded()) }
    let (a, b) = (colours[low], colours[low + 1])
    return (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
  }
}
