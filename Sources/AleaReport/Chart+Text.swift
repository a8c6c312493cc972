import AleaModel
import AleaSyntax

/// Charts as characters for a terminal.
extension Chart {
  /// The chart in lines of at most `width` characters: braille dots, or plain ASCII.
  public func text(width: Int = 80, height: Int = 20, unicode: Bool = true) -> String {
    let lines =
      heatMap.map { $0.lines(width: width, unicode: unicode) } ?? curveLines(width: width, height: height, unicode: unicode)
    let label = heatMap.map { $0.rowLabels.isEmpty ? "" : "\(yLabel) \\ \(xLabel)" } ?? ""
    let head = (title.isEmpty ? [] : [title]) + (label.count > 3 ? [label] : [])
    return (head + lines).map { $0.clipped(to: width, unicode: unicode) }.joined(separator: "\n")
  }

  private func curveLines(width: Int, height: Int, unicode: Bool) -> [String] {
    let xAxis = Axis(series.flatMap(\.x), count: max(2, width / 14), isLogarithmic: logarithmicX, isTight: true)
    var yAxis = Axis(series.flatMap(\.y), count: max(2, height / 4), isLogarithmic: logarithmicY)
    if !yCategories.isEmpty {
      yAxis.low = -0.5
      yAxis.high = Double(yCategories.count) - 0.5
      yAxis.ticks = yCategories.enumerated().map { (Double($0), $1) }
    }
    let margin = min(width / 3, yAxis.ticks.map(\.label.count).max() ?? 1)
    // Braille is finer, but several curves can only be told apart by letters.
    let columns = max(4, width - margin - 2)
    let rows = max(3, height)
    var canvas = DotCanvas(columns: columns, rows: rows, unicode: unicode && series.count < 2)
    for (index, curve) in series.enumerated() {
      let places = zip(curve.x, curve.y).map { x, y -> (Double, Double)? in
        guard let u = xAxis.fraction(x), let v = yAxis.fraction(y) else { return nil }
        return (u, 1 - v)
      }
      canvas.draw(places, style: curve.style, mark: index)
    }
    var labels = [String](repeating: "", count: rows)
    for tick in yAxis.ticks.reversed() {
      let row = Int(((1 - yAxis.tickFraction(tick.place)) * Double(rows - 1)).rounded())
      if labels.indices.contains(row), labels[row].isEmpty { labels[row] = tick.label.clipped(to: margin, unicode: unicode) }
    }
    var lines = yLabel.isEmpty ? [] : [yLabel]
    for (label, line) in zip(labels, canvas.lines) {
      let bar = label.isEmpty ? (unicode ? "│" : "|") : (unicode ? "┤" : "+")
      lines.append((String(repeating: " ", count: margin - label.count) + label + " " + bar + line).trimmedEnd)
    }
    var rule = [Character](repeating: unicode ? "─" : "-", count: columns)
    var below = [Character](repeating: " ", count: columns)
    var free = 0
    for tick in xAxis.ticks {
      let place = Int((xAxis.tickFraction(tick.place) * Double(columns - 1)).rounded())
      guard rule.indices.contains(place) else { continue }
      let start = max(0, min(columns - tick.label.count, place - tick.label.count / 2))
      guard start >= free, start + tick.label.count <= columns else { continue }
      rule[place] = unicode ? "┬" : "+"
      for (offset, letter) in tick.label.enumerated() { below[start + offset] = letter }
      free = start + tick.label.count + 1
    }
    let indent = String(repeating: " ", count: margin + 1)
    lines.append(indent + (unicode ? "└" : "+") + String(rule))
    lines.append((indent + " " + String(below)).trimmedEnd)
    if !xLabel.isEmpty {
      lines.append(indent + " " + String(repeating: " ", count: max(0, (columns - xLabel.count) / 2)) + xLabel)
    }
    if series.count > 1 {
      let names = series.enumerated().map { "\(DotCanvas.marks[$0 % 8]) \($1.name)" }
      lines.append(indent + " " + names.joined(separator: "   "))
    }
    return lines
  }
}

extension Chart.HeatMap {
  /// Shades from light to dark, two characters a cell; categories by their first letters or arrows, with a key.
  fileprivate func lines(width: Int, unicode: Bool) -> [String] {
    let margin = min(width / 3, rowLabels.map(\.count).max() ?? 0)
    let numbers = rows.joined().filter(\.isFinite)
    let low = numbers.min() ?? 0
    let high = numbers.max() ?? 0
    let shades = Array(unicode ? " ░▒▓█" : " .:-=+*#%@")
    let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let across = rows.map(\.count).max() ?? 0
    let cell = margin + 1 + 2 * across <= width ? 2 : 1
    let arrows = unicode ? StateListing.arrows(for: categories) : nil
    func mark(_ number: Double) -> String {
      guard number.isFinite else { return String(repeating: " ", count: cell) }
      if categories.isEmpty {
        let share = high > low ? (number - low) / (high - low) : 1
        return String(repeating: shades[min(shades.count - 1, 1 + Int(share * Double(shades.count - 1)))], count: cell)
      }
      let index = max(0, Int(number))
      let name = arrows.map { $0[index % $0.count] } ?? String(letters[index % letters.count])
      return name + String(repeating: " ", count: cell - 1)
    }
    var lines = rows.enumerated().map { index, row -> String in
      let label = (rowLabels.indices.contains(index) ? rowLabels[index] : "").clipped(to: margin, unicode: unicode)
      return (String(repeating: " ", count: margin - label.count) + label + " " + row.map(mark).joined()).trimmedEnd
    }
    var below = [Character](repeating: " ", count: cell * across)
    var free = 0
    for (column, label) in columnLabels.enumerated() where cell * column >= free && cell * column + label.count <= below.count {
      for (offset, letter) in label.enumerated() { below[cell * column + offset] = letter }
      free = cell * column + label.count + 2
    }
    lines.append((String(repeating: " ", count: margin + 1) + String(below)).trimmedEnd)
    if categories.isEmpty {
      let ends = NumberFormat.column([low, high], digits: 4)
      lines.append("\(quantity) from \(ends[0]) (\(shades[1])) to \(ends[1]) (\(shades[shades.count - 1]))")
    } else if arrows == nil {
      let key = categories.enumerated().prefix(letters.count).map { "\(letters[$0]) \($1)" }.joined(separator: ", ")
      lines += (quantity + ": " + key).wrapped(to: width, indent: "  ")
    }
    return lines
  }
}

/// Characters as a grid of dots: two by four a character in braille, one in ASCII.
struct DotCanvas {
  static let marks: [Character] = Array("*o+x#@%&")
  let columns: Int
  let rows: Int
  let unicode: Bool
  private var dots: [UInt8]
  private var characters: [Character]

  init(columns: Int, rows: Int, unicode: Bool) {
    self.columns = columns
    self.rows = rows
    self.unicode = unicode
    dots = Array(repeating: 0, count: columns * rows)
    characters = Array(repeating: " ", count: columns * rows)
  }

  var lines: [String] {
    (0..<rows).map { row in
      String(
        (0..<columns).map { column -> Character in
          let place = row * columns + column
          if !unicode { return characters[place] }
          guard dots[place] != 0, let scalar = Unicode.Scalar(0x2800 + UInt32(dots[place])) else { return " " }
          return Character(scalar)
        })
    }
  }

  /// Draws a curve through places in the unit square, y downwards.
  mutating func draw(_ places: [(Double, Double)?], style: Chart.Style, mark: Int) {
    let (width, height) = unicode ? (columns * 2 - 1, rows * 4 - 1) : (columns - 1, rows - 1)
    var previous: (Int, Int)?
    for place in places {
      guard let place else {
        previous = nil
        continue
      }
      let point = (Int((place.0 * Double(width)).rounded()), Int((place.1 * Double(height)).rounded()))
      if let previous, style != .points {
        if style == .step {
          let middle = (previous.0 + point.0) / 2
          line(previous, (middle, previous.1), mark)
          line((middle, previous.1), (middle, point.1), mark)
          line((middle, point.1), point, mark)
        } else {
          line(previous, point, mark)
        }
      } else {
        dot(point.0, point.1, mark)
      }
      previous = point
    }
  }

  private mutating func line(_ a: (Int, Int), _ b: (Int, Int), _ mark: Int) {
    let steps = max(abs(a.0 - b.0), abs(a.1 - b.1), 1)
    for step in 0...steps {
      let share = Double(step) / Double(steps)
      dot(a.0 + Int((Double(b.0 - a.0) * share).rounded()), a.1 + Int((Double(b.1 - a.1) * share).rounded()), mark)
    }
  }

  private mutating func dot(_ x: Int, _ y: Int, _ mark: Int) {
    if unicode {
      guard x >= 0, y >= 0, x < columns * 2, y < rows * 4 else { return }
      // The dots of a braille character: 1 2 3 7 down the left, 4 5 6 8 down the right.
      let bits: [UInt8] = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80]
      dots[(y / 4) * columns + x / 2] |= bits[(x % 2) * 4 + y % 4]
    } else {
      guard x >= 0, y >= 0, x < columns, y < rows else { return }
      characters[y * columns + x] = Self.marks[mark % Self.marks.count]
    }
  }
}
