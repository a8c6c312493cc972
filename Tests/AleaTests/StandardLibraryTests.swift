import Alea
import Foundation
import Testing

@Suite struct StandardLibraryTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .appendingPathComponent("StdLib")

  /// Every file of the library can be imported, and is carried in the form in which it stands in the folder.
  @Test func everyModuleIsCarried() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".alea") }
      .map { String($0.dropLast(5)) }
    #expect(names.sorted() == StandardLibrary.names.sorted())
    for name in names {
      let bytes = try Data(contentsOf: Self.folder.appendingPathComponent("\(name).alea"))
      #expect(StandardLibrary.text(of: name).map { Data($0) } == bytes)
    }
  }

  /// What the modules say about themselves holds.
  @Test(arguments: StandardLibrary.names) func expectationsHold(module: String) throws {
    let session = Session()
    session.isSilent = true
    try session.run(file: Self.folder.appendingPathComponent("\(module).alea").path)
    for failed in session.expectations where !failed.passed {
      Issue.record("std.\(module): \(failed.diagnostic.message) \(failed.diagnostic.notes)")
    }
    let text = try String(contentsOf: Self.folder.appendingPathComponent("\(module).alea"), encoding: .utf8)
    let stated = text.split(separator: "\n").count { $0.hasPrefix("expect(") }
    #expect(session.expectations.count >= stated)
  }

  @Test func importedNamesWork() throws {
    let session = Session()
    try session.run(text: "import std.gridworld\nexpect(columnStep(left), -1)\n", name: "program.alea")
    #expect(session.expectations.map(\.passed) == [true])
  }
}
