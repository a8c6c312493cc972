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

  @Test func importedNamesWork() throws {
    let session = Session()
    try session.run(text: "import std.gridworld\nexpect(columnStep(left), -1)\n", name: "program.alea")
    #expect(session.expectations.map(\.passed) == [true])
  }
}
