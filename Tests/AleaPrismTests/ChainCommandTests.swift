import Alea
import Foundation
import Testing

/// Chains with many commands are explored command by command; in fractions they are explored as one step. Both are the same chain.
@Suite struct ChainCommandTests {
  /// Commands whose guards overlap, some with the same target, and rewards of states and actions.
  static func model(_ kind: String, commands: Int) -> String {
    var text = "\(kind)\nmodule m\n  pc : [0..9];\n  k : [0..3];\n"
    for index in 0..<commands {
      let guardText = "pc>=\(index % 7) & pc<=\(index % 7 + 3) & k\(index % 2 == 0 ? "<3" : ">0")"
      let action = index % 3 == 0 ? "go" : ""
      let (p, q) = kind == "dtmc" ? ("0.25", "0.75") : ("\(index % 4)", "\(Double(index % 5) / 2 + 0.5)")
      text += "  [\(action)] \(guardText) -> \(p):(pc'=\((index * 5 + 1) % 10)) + \(q):(k'=mod(k+\(index % 3), 4));\n"
    }
    text += "  [done] pc=9 & k=0 -> true;\nendmodule\n"
    text += "label \"goal\" = pc=9 & k>=2;\nrewards \"work\" [go] true : 2; pc>5 : k; endrewards\nrewards pc=9 : 1; endrewards\n"
    return text
  }

  static let properties = [
    "P=? [ F \"goal\" ]", "P=? [ k<3 U \"goal\" ]", "R{\"work\"}=? [ F \"goal\" ]", "R{2}=? [ S ]", "S=? [ pc=9 ]",
    "T=? [ F \"goal\" ]",
  ]

  @Test(arguments: ["dtmc", "ctmc"], [20, 40, 90]) func sameAsOneStep(_ kind: String, _ commands: Int) throws {
    let session = Session()
    session.isSilent = true
    let text = Self.model(kind, commands: commands)
    for property in Self.properties {
      let answer = try session.answer(prism: text, property: property)
      let exact = try session.answer(prism: text, property: property, by: Exact())
      #expect(answer.explored.sparse.stateCount == exact.explored.sparse.stateCount)
      #expect(answer.explored.sparse.transitionCount == exact.explored.sparse.transitionCount)
      guard case .finite(let fraction)? = exact.exactStart else {
        #expect(answer.start == exact.start, "\(property)")
        continue
      }
      let value = fraction.double
      let size = max(1, abs(value))
      #expect(abs(answer.start - value) <= 1e-6 * size, "\(property): \(answer.start), not \(value)")
      #expect(answer.startLower <= value + 1e-12 * size && value <= answer.startUpper + 1e-12 * size, "\(property)")
    }
  }

  /// A state without a command keeps its loop, and one whose rates are all zero is a fault of the chain.
  @Test func statesWithoutCommands() throws {
    let lines = (0..<70).map { "  [] x=\($0) -> 0.5:(x'=\($0 + 1)) + 0.5:(x'=0);\n" }.joined()
    let session = Session()
    let text = "dtmc\nmodule m\n  x : [0..70];\n" + lines + "endmodule\n"
    let answer = try session.answer(prism: text, property: "P=? [ F x=3 ]")
    #expect(answer.explored.sparse.stateCount == 71)
    #expect(answer.sparse.notes.contains { $0.hasPrefix("one state has no enabled command") })
    #expect(abs(answer.start - 1) < 1e-9)
    let idle = text.replacingOccurrences(of: "dtmc", with: "ctmc").replacingOccurrences(
      of: "[] x=3 -> 0.5:(x'=4) + 0.5:(x'=0)", with: "[] x=3 -> x-3:(x'=4)")
    #expect(throws: DiagnosticError.self) { try session.answer(prism: idle, property: "P=? [ F x=5 ]") }
  }
}
