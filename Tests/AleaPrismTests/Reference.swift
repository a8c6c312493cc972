import Alea
import Foundation
import Testing

/// The models of the Quantitative Verification Benchmark Set beside this file, and the answers recorded for them.
enum Reference {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var model: String
    var props: String
    var const: String
    var property: String
    var type: String
    var states: Int
    var exact: Exact
    var approx: Approximation

    private enum CodingKeys: String, CodingKey {
      case model, props, const, property, type, exact, approx
      case states = "states_full"
    }

    var name: String { model.split(separator: "/").last.map(String.init) ?? model }
    var testDescription: String { "\(name) \(const) \(property)" }

    var constants: [String: PrismGiven] {
      var result: [String: PrismGiven] = [:]
      for part in const.split(separator: ",") {
        let pair = part.split(separator: "=").map(String.init)
        if pair.count == 2 { result[pair[0]] = .text(pair[1]) }
      }
      return result
    }
  }

  enum Exact: Decodable, Sendable {
    case text(String)
    case none
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) { self = .text(text) } else { self = .none }
    }
  }

  enum Approximation: Decodable, Sendable {
    case truth(Bool)
    case number(Double)
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let truth = try? container.decode(Bool.self) {
        self = .truth(truth)
      } else {
        self = .number(try container.decode(Double.self))
      }
    }
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data").path

  static let cases: [Case] = {
    struct Document: Decodable { var cases: [Case] }
    guard let data = FileManager.default.contents(atPath: folder + "/expected.json"),
      let document = try? JSONDecoder().decode(Document.self, from: data)
    else { return [] }
    return document.cases
  }()

  static func file(_ path: String) throws -> SourceFile {
    let data = try #require(FileManager.default.contents(atPath: folder + "/" + path))
    return SourceFile(id: FileID(index: 0), name: path, bytes: Array(data))
  }

  static func program(_ path: String, _ constants: [String: PrismGiven], ignoring: Set<String> = []) throws -> PrismProgram {
    let (model, diagnostics) = PrismParser.parseModel(try file(path))
    #expect(diagnostics.isEmpty)
    return try PrismProgram(model, name: path, constants: constants, ignoring: ignoring)
  }
}
