import AleaModel
import AleaSyntax

/// Charts as PNG through gnuplot, a child process that reads its script from standard input.
extension Chart {
  /// The chart as the bytes of a PNG image.
  ///
  /// - Throws: a `Diagnostic` where gnuplot is missing or fails.
  public func png(width: Int = 1280, height: Int = 800) throws -> [UInt8] {
    let result = try ChildProcess.run(
      "gnuplot", ["-"], input: Array(gnuplotScript(width: width, height: height).utf8), package: "gnuplot-nox")
    guard result.output.starts(with: [0x89, 0x50, 0x4E, 0x47]) else {
      throw Diagnostic.error(
        "`gnuplot` drew no picture", at: nil,
        notes: result.errors.split(separator: "\n").prefix(4).map { String($0).trimmedEnd })
    }
    return result.output
  }

  /// Draws the chart into a file: `.svg`, `.png` or `.txt`.
  public func save(to path: String) throws {
    switch SavedFile.fileExtension(path) {
    case "svg": try SavedFile.write(Array(svg().utf8), to: path)
    case "png": try SavedFile.write(try png(), to: path)
    case "txt": try SavedFile.write(Array((text() + "\n").utf8), to: path)
    default:
      throw Diagnostic.error("`\(path)` has no ending that says how to draw", at: nil, notes: ["charts are .svg, .png or .txt"])
    }
  }

  func gnuplotScript(width: Int, height: Int) -> String {
    var script = """
      set terminal pngcairo size \(width),\(height) font 'Sans,20' background '#ffffff' linewidth 2
      set encoding utf8
      set title \(quoted(title)) font 'Sans Bold,22'
      set xlabel \(quoted(xLabel))
      set ylabel \(quoted(yLabel))
      set border 3 linecolor '#444444'
      set tics nomirror out
      set key outside right top Left reverse samplen 2 noenhanced
      set datafile missing 'nan'

      """
    if let heatMap { return script + heatMap.gnuplotScript }
    script += "set grid ytics linecolor '#e4e4e4' linewidth 0.7\nset autoscale xfix\n"
    if logarithmicX { script += "set logscale x\n" }
    if logarithmicY { script += "set logscale y\n" }
    if !yCategories.isEmpty {
      script += "set ytics (" + yCategories.enumerated().map { "\(quoted($1)) \($0)" }.joined(separator: ", ") + ") noenhanced\n"
    }
    if series.count < 2 { script += "unset key\n" }
    var plots: [String] = []
    for (index, curve) in series.enumerated() {
      let colour = Self.palette[index % Self.palette.count]
      script += "$d\(index) << EOD\n"
      for (place, (x, y)) in zip(curve.x, curve.y).enumerated() {
        let band = curve.band.map { " \(number($0.low[place])) \(number($0.high[place]))" } ?? ""
        script += x.isFinite && y.isFinite ? "\(number(x)) \(number(y))\(band)\n" : "\n"
      }
      script += "EOD\n"
      if curve.band != nil {
        plots.append(
          "$d\(index) using 1:3:4 with filledcurves notitle fillcolor rgb '\(colour)' fillstyle transparent solid 0.18 noborder")
      }
      let hasMarks = curve.x.count <= 60
      let style =
        switch curve.style {
        case .line: hasMarks ? "linespoints pointtype 7 pointsize 0.8" : "lines"
        case .step: "histeps"
        case .points: "points pointtype 7 pointsize 0.9"
        }
      plots.append("$d\(index) using 1:2 with \(style) linecolor rgb '\(colour)' linewidth 1.4 title \(quoted(curve.name))")
    }
    return script + "plot " + (plots.isEmpty ? "0 notitle" : plots.joined(separator: ", \\\n  ")) + "\n"
  }
}

private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "nan" }

/// Text for gnuplot: single quotes, doubled inside; no control characters, no markup.
private func quoted(_ text: String) -> String {
  let plain = String(text.unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
  return "'" + plain.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}

extension Chart.HeatMap {
  fileprivate var gnuplotScript: String {
    let across = rows.map(\.count).max() ?? 0
    func tics(_ labels: [String]) -> String {
      let every = max(1, labels.count / 20)
      return "(" + stride(from: 0, to: labels.count, by: every).map { "\(quoted(labels[$0])) \($0)" }.joined(separator: ", ")
        + ") noenhanced"
    }
    var script = """
      set xrange [-0.5:\(max(0, across - 1)).5]
      set yrange [\(max(0, rows.count - 1)).5:-0.5]
      set xtics \(tics(columnLabels)) scale 0
      set ytics \(tics(rowLabels)) scale 0
      set size ratio \(across == 0 ? 1 : Double(rows.count) / Double(across))
      unset key
      unset border

      """
    if categories.isEmpty {
      let stops = Chart.colours.enumerated().map { place, colour in
        "\(place) '#\([colour.0, colour.1, colour.2].map { ($0 < 16 ? "0" : "") + String(Int($0), radix: 16) }.joined())'"
      }
      script += "set palette defined (\(stops.joined(separator: ", ")))\nset cblabel \(quoted(quantity))\n"
    } else {
      let colours = categories.indices.map { index in
        if categories.count <= Chart.palette.count { return "\(index) '\(Chart.palette[index])'" }
        let colour = Chart.colour(Double(index) / Double(max(1, categories.count - 1)))
        return
          "\(index) '#\([colour.red, colour.green, colour.blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
      }
      script += "set palette maxcolors \(categories.count) defined (\(colours.joined(separator: ", ")))\n"
      let arrows = StateListing.arrows(for: categories)
      for (y, row) in rows.enumerated() where rows.count * across <= 400 {
        for (x, value) in row.enumerated() where value.isFinite {
          guard let arrows, arrows.indices.contains(Int(value)) else { continue }
          script += "set label \(quoted(arrows[Int(value)])) at \(x),\(y) center front textcolor '#ffffff' font 'Sans,28'\n"
        }
      }
      script += "set cbrange [-0.5:\(categories.count - 1).5]\nset cbtics \(tics(categories)) scale 0\n"
    }
    script += "$map << EOD\n"
    for (y, row) in rows.enumerated() {
      for (x, value) in row.enumerated() where value.isFinite { script += "\(x) \(y) \(number(value))\n" }
    }
    return script + "EOD\nplot $map using 1:2:(0.5):(0.5):3 with boxxyerror fillstyle solid 1 noborder linecolor palette\n"
  }
}
