import AleaModel
import AleaSolvers
import AleaSyntax
import Foundation
import Testing

/// Counterfactuals and bounds with published answers.
@Suite struct CausalCounterfactualTests {
  static func expected(_ name: String, _ key: String) throws -> Double {
    let expected = try #require(CausalReference.json(name)["expected"] as? [String: Any])
    return try #require(expected[key] as? Double)
  }

  static func squad() throws -> DiscreteStructuralModel {
    let parameters = try #require(CausalReference.json("counterfactual_firing_squad")["params"] as? [String: Double])
    let (p, q) = (try #require(parameters["p"]), try #require(parameters["q"]))
    return try DiscreteStructuralModel(
      noise: [.init("U", [1 - p, p]), .init("W", [1 - q, q])],
      mechanisms: [
        .init("C", of: ["U"], cardinality: 2) { $0[0] },
        .init("A", of: ["C", "W"], cardinality: 2) { $0[0] | $0[1] },
        .init("B", of: ["C"], cardinality: 2) { $0[0] },
        .init("D", of: ["A", "B"], cardinality: 2) { $0[0] | $0[1] },
      ])
  }

  @Test func firingSquad() throws {
    let squad = try Self.squad()
    let alive = try squad.probability(of: [.init("D", is: 0, doing: ["A": 0])], given: [.init("D", is: 1)])
    #expect(abs(alive - (try Self.expected("counterfactual_firing_squad", "value"))) < 1e-12)
    // Consistency: setting what happened anyway changes nothing. Effectiveness: what is set holds.
    #expect(try squad.probability(of: [.init("D", is: 1, doing: ["A": 1])], given: [.init("A", is: 1), .init("D", is: 1)]) == 1)
    #expect(try squad.probability(of: [.init("A", is: 0, doing: ["A": 0])]) == 1)
    // Two worlds at once: dead either way exactly when the order is given.
    let events: [DiscreteStructuralModel.Event] = [.init("D", is: 1, doing: ["A": 0]), .init("D", is: 1, doing: ["A": 1])]
    #expect(abs(try squad.probability(of: events) - 0.3) < 1e-12)
  }

  @Test func refusals() throws {
    let squad = try Self.squad()
    func message(_ ask: () throws -> Void) -> String? {
      do { try ask() } catch { return (error as? DiagnosticError)?.diagnostics.first?.message }
      return nil
    }
    #expect(
      message { _ = try squad.probability(of: [.init("D", is: 1)], given: [.init("A", is: 0), .init("B", is: 1)]) }
        == "what is given cannot happen in this model, so nothing follows from it")
    #expect(message { _ = try squad.probability(of: [.init("D", is: 2)]) } == "`D` takes the values 0 to 1, not 2")
    #expect(message { _ = try squad.probability(of: [.init("U", is: 1)]) } == "the model has no variable `U`")
  }

  @Test func primer() throws {
    let model = try LinearStructuralModel([.init("X"), .init("H", ["X": 0.5]), .init("Y", ["X": 0.7, "H": 0.4])])
    let answer = try model.counterfactual(given: ["X": 0.5, "H": 1, "Y": 1.5], doing: ["H": 2])
    #expect(abs(try #require(answer.values["Y"]) - (try Self.expected("counterfactual_primer", "counterfactual"))) < 1e-12)
    for (name, value) in ["X": 0.5, "H": 0.75, "Y": 0.75] { #expect(abs(try #require(answer.noise[name]) - value) < 1e-12) }
    // Without H seen, neither its noise nor the outcome's follows.
    let less = try model.counterfactual(given: ["X": 0.5, "Y": 1.5], doing: ["X": 1])
    #expect(less.values == ["X": 1] && less.noise == ["X": 0.5])
  }

  /// The closed form of Balke and Pearl (1997, equation 14) for a binary instrument, cause and outcome; `p(y, d, z)`.
  static func closedForm(_ p: (Int, Int, Int) -> Double) -> (Double, Double) {
    let (p000, p010, p100, p110) = (p(0, 0, 0), p(0, 1, 0), p(1, 0, 0), p(1, 1, 0))
    let (p001, p011, p101, p111) = (p(0, 0, 1), p(0, 1, 1), p(1, 0, 1), p(1, 1, 1))
    let lower = [
      p111 + p000 - 1, p110 + p001 - 1, p110 - p111 - p101 - p010 - p100, p111 - p110 - p100 - p011 - p101, -p011 - p101,
      -p010 - p100, p001 - p011 - p101 - p010 - p000, p000 - p010 - p100 - p011 - p001,
    ]
    let upper = [
      1 - p011 - p100, 1 - p010 - p101, -p010 + p011 + p001 + p110 + p000, -p011 + p111 + p001 + p010 + p000, p111 + p001,
      p110 + p000, -p101 + p111 + p001 + p110 + p100, -p100 + p110 + p000 + p111 + p101,
    ]
    return (lower.max() ?? 0, upper.min() ?? 0)
  }

  static func law(_ p: (Int, Int, Int) -> Double) throws -> DiscreteLaw {
    var cells: [Double] = []
    for z in 0...1 {
      for d in 0...1 {
        for y in 0...1 { cells.append(p(y, d, z) * (z == 0 ? 0.25 : 0.75)) }
      }
    }
    return try DiscreteLaw(["Z", "D", "Y"], cardinalities: [2, 2, 2], probabilities: cells)
  }

  @Test func lipidTrial() throws {
    let p = try #require(CausalReference.json("bounds_lipid")["p"] as? [[[Double]]])
    let bounds = try Self.law { p[$0][$1][$2] }.effectBounds(of: "D", on: "Y", instrument: "Z")
    #expect(abs(bounds.lower - (try Self.expected("bounds_lipid", "ace_lower"))) < 1e-9)
    #expect(abs(bounds.upper - (try Self.expected("bounds_lipid", "ace_upper"))) < 1e-9)
  }

  @Test func boundsAgainstTheClosedForm() throws {
    var random = SplitMix(state: 1997)
    for _ in 0..<200 {
      // A mixture of the sixteen types, so that the law is one of the graph; its own effect must lie within.
      let shares = (0..<16).map { _ in
        Double.random(in: 0..<1, using: &random) * Double(Int.random(in: 0...1, using: &random)) + 1e-3
      }
      let total = shares.reduce(0, +)
      func p(_ y: Int, _ d: Int, _ z: Int) -> Double {
        (0..<16).filter { type in
          let response = (type >> z) & 1
          return response == d && (type >> (2 + d)) & 1 == y
        }.reduce(0) { $0 + shares[$1] / total }
      }
      let truth = (0..<16).reduce(0.0) { $0 + shares[$1] / total * Double((($1 >> 3) & 1) - (($1 >> 2) & 1)) }
      let bounds = try Self.law(p).effectBounds(of: "D", on: "Y", instrument: "Z")
      let (lower, upper) = Self.closedForm(p)
      #expect(abs(bounds.lower - lower) < 1e-8 && abs(bounds.upper - upper) < 1e-8)
      #expect(bounds.lower <= truth + 1e-9 && truth <= bounds.upper + 1e-9)
    }
  }

  @Test func noInstrument() throws {
    // D never answers Z, yet Y equals Z: the instrument acts on the outcome directly.
    let law = try Self.law { y, d, z in d == 0 && y == z ? 1 : 0 }
    #expect(throws: DiagnosticError.self) { try law.effectBounds(of: "D", on: "Y", instrument: "Z") }
  }
}
