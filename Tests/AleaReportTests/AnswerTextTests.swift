import AleaModel
import AleaReport
import AleaSolvers
import Testing

@Suite struct AnswerTextTests {
  @Test(arguments: [20, 33, 60, 80, 120]) func noLineIsWiderThanTheWidth(width: Int) {
    for answer in [HandMade.inventory, HandMade.gridWorld, HandMade.shaped] {
      for most in [5, 120] {
        let options = ReportOptions(width: width, showsTime: true, maximumStates: most)
        for line in AnswerText.text(of: answer, options: options).split(separator: "\n") {
          #expect(line.count <= width, "\(line)")
        }
      }
    }
  }

  @Test func smallModelsShowEveryState() {
    let text = AnswerText.text(of: HandMade.inventory)
    for stock in 0...20 { #expect(text.contains("4\(40 + Int((1.7 * Double(stock)).rounded(.down)))"), "\(stock)") }
    #expect(text.contains("every value is within 1e-07 of the optimum"))
    #expect(text.contains("Inventory(capacity: 20)"))
  }

  @Test func theGridWorldLooksLikeTheBook() {
    let text = AnswerText.text(of: HandMade.gridWorld)
    let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(
      rows.contains {
        $0.starts(with: ["3", "0.8120", "0.8680", "0.9180"]) || $0.starts(with: ["3", "0.812", "0.868", "0.918"])
      })
    #expect(text.contains("→"))
    #expect(!AnswerText.text(of: HandMade.gridWorld, options: ReportOptions(unicode: false)).contains { !$0.isASCII })
  }

  @Test func digitsStopWhereTheBoundDoes() {
    let coarse = HandMade.solution(HandMade.inventory.explored, (0...20).map { 1.0 / 3 + Double($0) }, bound: 0.02)
    let text = AnswerText.text(of: coarse)
    #expect(text.contains("0.33"))
    #expect(!text.contains("0.333"))
    #expect(NumberFormat.places(bound: 0.02) == 2)
    #expect(NumberFormat.places(bound: 3) == 0)
  }

  @Test func boundsAreRoundedUp() {
    for bound in [3.1234e-8, 1.01e-3, 0.995, 2.0, 9.99e-7, 1e-12] {
      #expect((Double(NumberFormat.bound(bound)) ?? 0) >= bound, "\(bound)")
    }
  }

  @Test func units() {
    #expect(NumberText.grouped(1_048_576) == "1,048,576")
    #expect(NumberFormat.bytes(999) == "999 B")
    #expect(NumberFormat.bytes(1_500_000) == "1.5 MB")
    #expect(NumberFormat.seconds(0.0125) == "12.5 ms")
    #expect(NumberFormat.seconds(125) == "2 min 5 s")
  }

  @Test func tablesAlignTheirColumns() {
    var table = TextTable([.init("name"), .init("n", .trailing)])
    table.add(["a", "1"])
    table.add(["longer name", "1000"])
    let lines = table.lines()
    #expect(lines[2] == "a               1" && lines[3] == "longer name  1000")
    #expect(table.lines(width: 10).allSatisfy { $0.count <= 10 })
  }
}
