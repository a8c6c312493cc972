import AleaModel

/// Charts as Scalable Vector Graphics, written directly.
extension Chart {
  /// The chart as a complete SVG document.
  public func svg(width: Int = 640, height: Int = 400) -> String {
    if let heatMap { return heatMap.svg(of: self) }
    var picture = SVGPicture(width: Double(width), height: Double(height))
    let xAxis = Axis(series.flatMap(\.x), count: 7, isLogarithmic: logarithmicX, isTight: true)
    let yNumbers = series.flatMap { $0.y + ($0.band.map { $0.low + $0.high } ?? []) }
    var yAxis = Axis(yNumbers, count: 6, isLogarithmic: logarithmicY)
    if !yCategories.isEmpty {
      yAxis.low = -0.5
      yAxis.high = Double(yCategories.count) - 0.5
      let every = max(1, yCategories.count / 20)
      yAxis.ticks = stride(from: 0, to: yCategories.count, by: every).map { (Double($0), yCategories[$0]) }
    }
    let longest = yAxis.ticks.map(\.label.count).max() ?? 1
    let hasLegend = series.count > 1
    let left = 22 + (yLabel.isEmpty ? 0 : 20) + 6.8 * Double(min(longest, 20))
    let right = Double(width) - (hasLegend ? 24 + 7 * Double(min(24, series.map(\.name.count).max() ?? 0)) + 30 : 18)
    let top = title.isEmpty ? 16.0 : 40.0
    let bottom = Double(height) - (xLabel.isEmpty ? 30 : 50)
    // Curves keep a little away from the frame.
    func across(_ fraction: Double) -> Double { left + 8 + fraction * (right - left - 16) }
    func down(_ fraction: Double) -> Double { bottom - fraction * (bottom - top) }

    for tick in yAxis.ticks {
      let y = down(yAxis.tickFraction(tick.place))
      picture.line(left, y, right, y, stroke: "#e4e4e4")
      picture.text(tick.label.clipped(to: 20), left - 8, y + 4, anchor: "end")
    }
    for tick in xAxis.ticks {
      let x = across(xAxis.tickFraction(tick.place))
      picture.line(x, bottom, x, bottom + 5, stroke: "#444")
      picture.text(tick.label, x, bottom + 19, anchor: "middle")
    }
    picture.line(left, bottom, right, bottom, stroke: "#444")
    picture.line(left, top, left, bottom, stroke: "#444")
    for (index, curve) in series.enumerated() {
      let colour = Self.palette[index % Self.palette.count]
      func points(_ y: [Double]) -> [(Double, Double)?] {
        zip(curve.x, y).map { x, y in
          guard let u = xAxis.fraction(x), let v = yAxis.fraction(y) else { return nil }
          return (across(u), down(v))
        }
      }
      if let band = curve.band {
        let outline = points(band.low).compactMap { $0 } + points(band.high).compactMap { $0 }.reversed()
        picture.polygon(outline, fill: colour, opacity: 0.18)
      }
      let places = points(curve.y)
      switch curve.style {
      case .points: break
      case .line: picture.path(places, stroke: colour, isStep: false)
      case .step: picture.path(places, stroke: colour, isStep: true)
      }
      if curve.style == .points || places.count <= 60 {
        for place in places { if let place { picture.circle(place.0, place.1, radius: 2.8, fill: colour) } }
      }
      if hasLegend {
        let y = top + 10 + 20 * Double(index)
        picture.line(right + 12, y, right + 32, y, stroke: colour, width: 2.2)
        picture.text(curve.name.clipped(to: 24), right + 38, y + 4, anchor: "start")
      }
    }
    if !title.isEmpty { picture.text(title, Double(width) / 2, 22, anchor: "middle", size: 14, weight: "bold") }
    if !xLabel.isEmpty { picture.text(xLabel, (left + right) / 2, Double(height) - 12, anchor: "middle", size: 13) }
    if !yLabel.isEmpty { picture.rotatedText(yLabel, 18, (top + bottom) / 2, size: 13) }
    return picture.document
  }
}

extension Chart.HeatMap {
  func svg(of chart: Chart) -> String {
    let across = rows.map(\.count).max() ?? 0
    let side = max(3.0, min(44.0, 480.0 / Double(max(1, across)), 420.0 / Double(max(1, rows.count))))
    let longest = Double(min(20, rowLabels.map(\.count).max() ?? 0))
    let left = 24 + (chart.yLabel.isEmpty ? 0 : 18) + 7 * longest
    let top = chart.title.isEmpty ? 16.0 : 40.0
    let right = left + side * Double(across)
    let bottom = top + side * Double(rows.count)
    let numbers = rows.joined().filter(\.isFinite)
    let low = numbers.min() ?? 0
    let high = numbers.max() ?? 1
    let scale = Axis([low, high], count: 5, isTight: true)
    let keys = categories.isEmpty ? scale.ticks.map(\.label) : categories
    let keyWidth = 56 + 7 * Double(min(20, keys.map(\.count).max() ?? 0))
    let shownKeys = categories.prefix(24)
    let used = max(bottom, categories.isEmpty ? 0 : top + 20 * Double(shownKeys.count))
    let width = max(right + keyWidth + 10, 9 * Double(chart.title.count) + 40)
    let height = max(used + (chart.xLabel.isEmpty ? 34 : 54), categories.isEmpty ? top + 160 : 0)
    var picture = SVGPicture(width: width, height: height)
    func fraction(_ number: Double) -> Double { high > low ? (number - low) / (high - low) : 0.5 }
    func fill(_ number: Double) -> String {
      if !categories.isEmpty, categories.count <= Chart.palette.count {
        return Chart.palette[max(0, Int(number)) % Chart.palette.count]
      }
      let share = categories.isEmpty ? fraction(number) : number / Double(max(1, categories.count - 1))
      let colour = Chart.colour(share)
      return "#" + [colour.red, colour.green, colour.blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    let texts = categories.isEmpty ? NumberFormat.column(Array(rows.joined()), digits: 3) : []
    let fits = Double(texts.map(\.count).max() ?? 0) * 6.4 + 6 <= side
    var place = 0
    for (row, numbers) in rows.enumerated() {
      for (column, number) in numbers.enumerated() {
        defer { place += 1 }
        let (x, y) = (left + side * Double(column), top + side * Double(row))
        guard number.isFinite else { continue }
        picture.rectangle(x, y, side, side, fill: fill(number), stroke: side > 12 ? "#fff" : nil)
        let isDark = categories.isEmpty ? fraction(number) < 0.6 : true
        if categories.isEmpty, fits {
          picture.text(
            texts[place], x + side / 2, y + side / 2 + 4, anchor: "middle", size: 11, fill: isDark ? "#fff" : "#111")
        } else if !categories.isEmpty, categories.indices.contains(Int(number)) {
          let name = StateListing.arrows(for: [categories[Int(number)]])?.first ?? categories[Int(number)]
          if Double(name.count) * 7 + 4 <= side {
            picture.text(name, x + side / 2, y + side / 2 + 5, anchor: "middle", size: side > 24 ? 15 : 11, fill: "#fff")
          }
        }
      }
    }
    let everyRow = max(1, Int((16 / side).rounded(.up)))
    for row in stride(from: 0, to: rowLabels.count, by: everyRow) {
      picture.text(rowLabels[row].clipped(to: 20), left - 6, top + side * (Double(row) + 0.5) + 4, anchor: "end")
    }
    let labelWidth = 7 * Double(columnLabels.map(\.count).max() ?? 1) + 8
    for column in stride(from: 0, to: columnLabels.count, by: max(1, Int((labelWidth / side).rounded(.up)))) {
      picture.text(columnLabels[column], left + side * (Double(column) + 0.5), bottom + 17, anchor: "middle")
    }
    key(&picture, right: right, top: top, bottom: bottom, scale: scale, categories: Array(shownKeys), fill: fill)
    if !chart.title.isEmpty { picture.text(chart.title, width / 2, 22, anchor: "middle", size: 14, weight: "bold") }
    if !chart.xLabel.isEmpty { picture.text(chart.xLabel, (left + right) / 2, bottom + 40, anchor: "middle", size: 13) }
    if !chart.yLabel.isEmpty { picture.rotatedText(chart.yLabel, 16, (top + bottom) / 2, size: 13) }
    return picture.document
  }

  /// What the colours mean, to the right of the map.
  private func key(
    _ picture: inout SVGPicture, right: Double, top: Double, bottom: Double, scale: Axis, categories: [String],
    fill: (Double) -> String
  ) {
    if !self.categories.isEmpty {
      for (index, name) in categories.enumerated() {
        let y = top + 20 * Double(index)
        picture.rectangle(right + 18, y, 14, 14, fill: fill(Double(index)), stroke: nil)
        picture.text(name.clipped(to: 20), right + 38, y + 11, anchor: "start")
      }
      return
    }
    let height = max(120, min(240, bottom - top))
    let steps = 64
    for step in 0..<steps {
      let number = scale.low + (scale.high - scale.low) * (Double(step) + 0.5) / Double(steps)
      picture.rectangle(
        right + 18, top + height * (1 - Double(step + 1) / Double(steps)), 14, height / Double(steps) + 0.6, fill: fill(number),
        stroke: nil)
    }
    for tick in scale.ticks {
      let y = top + height * (1 - scale.tickFraction(tick.place))
      picture.line(right + 32, y, right + 36, y, stroke: "#444")
      picture.text(tick.label, right + 40, y + 4, anchor: "start")
    }
  }
}

/// A drawing under construction.
struct SVGPicture {
  private var body = ""
  private let width: Double
  private let height: Double

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  var document: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" viewBox="0 0 \(n(width)) \(n(height))" \
    font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" stroke="none">
    <rect width="100%" height="100%" fill="#fff"/>
    \(body)</svg>

    """
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, stroke: String, width: Double = 1) {
    body +=
      "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" stroke=\"\(stroke)\" stroke-width=\"\(n(width))\"/>\n"
  }

  mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, stroke: String?) {
    body += "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" fill=\"\(fill)\""
    body += (stroke.map { " stroke=\"\($0)\"" } ?? " shape-rendering=\"crispEdges\"") + "/>\n"
  }

  mutating func circle(_ x: Double, _ y: Double, radius: Double, fill: String) {
    body += "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" fill=\"\(fill)\"/>\n"
  }

  mutating func polygon(_ points: [(Double, Double)], fill: String, opacity: Double) {
    let list = points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " ")
    body += "<polygon points=\"\(list)\" fill=\"\(fill)\" fill-opacity=\"\(n(opacity))\"/>\n"
  }

  /// A curve; a missing point interrupts it. Steps change half way between two points.
  mutating func path(_ points: [(Double, Double)?], stroke: String, isStep: Bool) {
    var data = ""
    var previous: (Double, Double)?
    for point in points {
      if let point {
        if let previous {
          if isStep {
            let middle = (previous.0 + point.0) / 2
            data += "H\(n(middle))V\(n(point.1))H\(n(point.0))"
          } else {
            data += "L\(n(point.0)),\(n(point.1))"
          }
        } else {
          data += "M\(n(point.0)),\(n(point.1))"
        }
      }
      previous = point
    }
    body += "<path d=\"\(data)\" fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"1.8\" stroke-linejoin=\"round\"/>\n"
  }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, anchor: String, size: Double = 12, weight: String? = nil, fill: String = "#222"
  ) {
    body += "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\" font-size=\"\(n(size))\" fill=\"\(fill)\""
    body += (weight.map { " font-weight=\"\($0)\"" } ?? "") + ">\(Markup.escaped(text))</text>\n"
  }

  mutating func rotatedText(_ text: String, _ x: Double, _ y: Double, size: Double) {
    body += "<text transform=\"translate(\(n(x)),\(n(y))) rotate(-90)\" text-anchor=\"middle\" font-size=\"\(n(size))\" "
    body += "fill=\"#222\">\(Markup.escaped(text))</text>\n"
  }

  private func n(_ value: Double) -> String { NumberText.significant((value * 100).rounded() / 100, digits: 8) }
}

enum Markup {
  /// Text as XML character data; characters XML cannot hold are left out.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: if scalar.value >= 32 || scalar == "\t" || scalar == "\n" { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }
}
