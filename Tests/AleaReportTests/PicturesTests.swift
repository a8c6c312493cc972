import AleaModel
import AleaReport
import AleaSolvers
import AleaSyntax
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct PicturesTests {
  @Test func demo() throws {
    guard getenv("ALEA_DEMO") != nil else { return }
    let best = HandMade.inventory
    let grid = HandMade.gridWorld
    for (name, value) in [
      ("inv", Value.object(best)), ("invp", .object(best.policy)), ("grid", .object(grid)), ("gridp", .object(grid.policy)),
    ] {
      let chart = try Chart(value)
      try chart.save(to: "/tmp/rep/\(name).svg")
      try chart.save(to: "/tmp/rep/\(name).png")
      print(chart.text(width: 70, height: 14))
      print(chart.text(width: 70, height: 10, unicode: false))
    }
    print(AnswerText.text(of: best))
    print(AnswerText.text(of: grid))
    print(AnswerText.text(of: HandMade.shaped))
    print(AnswerText.text(of: best, options: ReportOptions(maximumStates: 5)))
    let x = (0..<200).map(Double.init)
    let curves = Chart(
      title: "regret", xLabel: "round", yLabel: "regret",
      series: [
        .init("UCB1", x: x, y: x.map { 20 * log(1 + $0) }, band: (x.map { 18 * log(1 + $0) }, x.map { 22 * log(1 + $0) })),
        .init("Thompson", x: x, y: x.map { 10 * log(1 + $0) }),
      ])
    try curves.save(to: "/tmp/rep/curves.svg")
    try curves.save(to: "/tmp/rep/curves.png")
    print(curves.text(width: 70, height: 14))
    try GraphDrawing(statesOf: grid.explored).save(to: "/tmp/rep/states.png")
    try GraphDrawing(dependencesOf: HandMade.dependences).save(to: "/tmp/rep/dep.png")
  }

  @Test func gnuplotDrawsAPicture() throws {
    for value in [Value.object(HandMade.inventory), .object(HandMade.gridWorld.policy)] {
      let png = try Chart(value).png(width: 400, height: 300)
      #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      // The header chunk holds width and height, four bytes each.
      #expect(Array(png[16..<24]) == [0, 0, 1, 144, 0, 0, 1, 44])
    }
  }

  @Test func dotTakesBothGraphs() throws {
    let drawings = [
      try GraphDrawing(statesOf: HandMade.gridWorld.explored), GraphDrawing(dependencesOf: HandMade.dependences),
      GraphDrawing(dependencesOf: HandMade.dependences, largestFamily: 0),
    ]
    for drawing in drawings {
      let svg = String(decoding: try drawing.rendered(as: "svg"), as: UTF8.self)
      #expect(svg.contains("<svg") && svg.contains("</svg>"))
    }
    #expect(throws: Diagnostic.self) { try GraphDrawing(statesOf: HandMade.inventory.explored, limit: 5) }
  }

  @Test func textChartsKeepTheirWidth() throws {
    for value in [Value.object(HandMade.inventory), .object(HandMade.gridWorld), .object(HandMade.gridWorld.policy)] {
      for unicode in [true, false] {
        for width in [24, 80] {
          let text = try Chart(value).text(width: width, height: 10, unicode: unicode)
          for line in text.split(separator: "\n") { #expect(line.count <= width) }
          if !unicode { #expect(!text.contains { !$0.isASCII }) }
        }
      }
    }
  }

  @Test func oddNumbersAreDrawn() throws {
    let odd = Chart(
      title: "a < b & 'c' \"d\"",
      series: [.init("it's", x: [0, 1, 2, .nan, 4], y: [.infinity, 1e300, -1e300, 2, .nan]), .init("empty", x: [], y: [])])
    #expect(odd.svg().contains("a &lt; b &amp; 'c' &quot;d&quot;"))
    #expect(!odd.svg().contains("inf\"") && !odd.svg().contains("nan\""))
    _ = odd.text(width: 60, height: 8)
    _ = try odd.png(width: 300, height: 200)
    for chart in [Chart(), Chart(series: [.init("one", x: [3], y: [3])])] {
      _ = chart.svg()
      _ = chart.text(width: 40, height: 6)
    }
  }
}
