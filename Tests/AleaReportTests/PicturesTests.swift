import AleaModel
import AleaReport
import AleaSolvers
import AleaSyntax
import Testing

@Suite struct PicturesTests {
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
