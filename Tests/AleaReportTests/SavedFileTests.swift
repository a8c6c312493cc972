import AleaModel
import AleaReport
import AleaSolvers
import AleaSyntax
import FoundationEssentials
import Testing

@Suite struct SavedFileTests {
  /// Reads RFC 4180 text, written from the grammar of the standard.
  private func parse(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell = ""
    var isQuoted = false
    let scalars = Array(text.unicodeScalars)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      if isQuoted {
        if scalar == "\"" {
          if index + 1 < scalars.count, scalars[index + 1] == "\"" {
            cell += "\""
            index += 1
          } else {
            isQuoted = false
          }
        } else {
          cell.unicodeScalars.append(scalar)
        }
      } else if scalar == "\"" {
        isQuoted = true
      } else if scalar == "," {
        row.append(cell)
        cell = ""
      } else if scalar == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" {
        rows.append(row + [cell])
        (row, cell) = ([], "")
        index += 1
      } else {
        cell.unicodeScalars.append(scalar)
      }
      index += 1
    }
    return rows
  }

  private func withFolder(_ work: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("alea-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try work(folder.path)
  }

  @Test func anyCellSurvivesCSV() {
    let cells = ["plain", "a,b", "say \"no\"", "two\r\nlines", "", " edge ", "ü→", "\"", "\r", "\n"]
    let rows = [cells, cells.reversed()]
    #expect(parse(CSVTable(header: cells, rows: rows).text) == [cells] + rows)
  }

  @Test func everyNumberSurvivesCSV() throws {
    let odd = [0.1 + 0.2, -1e-300, 1e300, .infinity, -.infinity, Double.leastNonzeroMagnitude, 1.0 / 3]
    let values = (0...20).map { $0 < odd.count ? odd[$0] : Double($0) }
    let best = HandMade.solution(HandMade.inventory.explored, values)
    try withFolder { folder in
      try SavedFile.save(.object(best), to: folder + "/policy.csv")
      let rows = parse(try String(contentsOfFile: folder + "/policy.csv", encoding: .utf8))
      #expect(rows[0] == ["stock", "value", "lower", "upper", "order"])
      #expect(rows.count == 22)
      for (state, row) in rows.dropFirst().enumerated() {
        #expect(row[0] == String(state))
        #expect(Double(row[1]) == values[state])
      }
      #expect(rows[4][4] == "6")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files == ["policy.csv"])
    }
  }

  @Test func jsonReadsBack() throws {
    var best = HandMade.solution(
      HandMade.gridWorld.explored, [.infinity, -.infinity, .nan, 0.1 + 0.2, 1e300, Double.leastNonzeroMagnitude, 2, 3, 4, 5, 6])
    best.occupancy = (0...10).map(Double.init)
    best.channelTotals = [.init(name: "mo\"ving\n", totals: best.occupancy ?? [])]
    let read = try JSONDecoder().decode(JSONValue.self, from: Data(best.json.text.utf8))
    let encoded = try JSONDecoder().decode(JSONValue.self, from: try JSONEncoder().encode(best))
    for document in [read, encoded] {
      guard case .array(let states)? = document["states"] else { return #expect(Bool(false)) }
      #expect(states.count == 11)
      let values = states.map { $0["value"] }
      #expect(values[0] == .string("inf") && values[1] == .string("-inf") && values[2] == .string("nan"))
      #expect(
        values[3] == .number(0.1 + 0.2) && values[4] == .number(1e300) && values[5] == .number(Double.leastNonzeroMagnitude))
      #expect(states[2]["channels"]?["mo\"ving\n"] != nil)
      #expect(states.filter { $0["action"] == .null }.count == 2)
      #expect(document["size"]?["states"] == .integer(11))
    }
  }

  @Test func wrongPathsAreExplained() throws {
    let best = Value.object(HandMade.inventory)
    func message(_ path: String) -> Diagnostic? {
      do {
        try SavedFile.save(best, to: path)
        return nil
      } catch { return error as? Diagnostic }
    }
    try withFolder { folder in
      #expect(message(folder + "/missing/policy.csv")?.notes == ["its folder does not exist"])
      #expect(message(folder + "/policy")?.message.contains("no ending") == true)
      #expect(message(folder + "/policy.xls")?.message.contains(".xls") == true)
      try FileManager.default.createDirectory(atPath: folder + "/d.csv", withIntermediateDirectories: false)
      #expect(message(folder + "/d.csv")?.message.contains("folder") == true)
    }
    #expect(throws: Diagnostic.self) { try SavedFile.save(.integer(3), to: "three.csv") }
  }
}
