import Alea
import Foundation
import Testing

/// Random small models with answers computed without Alea, by the programs of `Tests/Independent` named like the files.
@Suite struct IndependentTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var model: String
    var property: String
    var value: Double?
    var holds: Bool?
    /// Rows of weights, one an objective, with the greatest weighted sum that a policy gets.
    var support: [[Double]]?
    var testDescription: String { property }
  }

  static func cases(_ name: String) -> [Case] {
    struct Document: Decodable { var cases: [Case] }
    guard let data = FileManager.default.contents(atPath: Reference.folder + "/\(name).json"),
      let document = try? JSONDecoder().decode(Document.self, from: data)
    else { return [] }
    return document.cases
  }

  @Test(arguments: ["temporal_logic", "continuous_time", "objectives", "conditional", "fronts", "counted"])
  func answersAreTheIndependentOnes(_ name: String) throws {
    let cases = Self.cases(name)
    #expect(cases.count >= 60)
    for each in cases {
      let session = Session()
      session.isSilent = true
      let answer = try session.answer(prism: each.model, property: each.property)
      if let holds = each.holds { #expect(answer.holds == holds, "\(each.property)\n\(each.model)") }
      if let value = each.value {
        let size = max(1, abs(value))
        #expect(abs(answer.start - value) <= 1e-6 * size, "\(each.property)\n\(each.model)")
        // The independent numbers are rounded themselves.
        #expect(answer.startLower <= value + 1e-10 * size, "\(each.property)\n\(each.model)")
        #expect(value - 1e-10 * size <= answer.startUpper, "\(each.property)\n\(each.model)")
      }
      if let support = each.support {
        let front = try #require(answer.front)
        for row in support {
          let sums = front.map { point in zip(row, point).reduce(0) { $0 + $1.0 * $1.1 } }
          let most = try #require(sums.max())
          // A point that a policy attains gets no farther than the best; no policy gets more than 1e-6 beyond the faces.
          #expect(abs(most - row[front[0].count]) <= 4e-6, "\(each.property) \(row)\n\(each.model)")
        }
      }
    }
  }

  @Test(arguments: ["temporal_logic", "conditional", "counted"]) func fractionsAreTheIndependentNumbers(_ name: String) throws {
    for each in Self.cases(name) {
      guard let value = each.value else { continue }
      let session = Session()
      session.isSilent = true
      let answer = try session.answer(prism: each.model, property: each.property, by: Exact())
      let number = try #require(answer.exactStart?.doubles.value)
      #expect(abs(number - value) <= 1e-10, "\(each.property)\n\(each.model)")
    }
  }
}
