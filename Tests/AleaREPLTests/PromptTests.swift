import Foundation
import Testing

/// The built command, driven through a pseudo-terminal and through pipes.
@Suite struct PromptTests {
  private static let here = URL(filePath: #filePath).deletingLastPathComponent()
  private static let command = here.deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/debug/alea")

  private func run(_ program: String, _ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let (entrance, exit) = (Pipe(), Pipe())
    process.standardInput = entrance
    process.standardOutput = exit
    process.standardError = exit
    try process.run()
    entrance.fileHandleForWriting.write(Data(input.utf8))
    try entrance.fileHandleForWriting.close()
    let output = exit.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  @Test(.timeLimit(.minutes(5))) func terminal() throws {
    let state = FileManager.default.temporaryDirectory.appending(path: "alea-prompt-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: state) }
    let script = Self.here.appending(path: "prompt.py").path
    let (status, output) = try run("/usr/bin/env", ["python3", script, Self.command.path, state.path])
    #expect(status == 0, "\(output)")
  }

  @Test func pipeIsAScript() throws {
    let (status, output) = try run(Self.command.path, [], input: "let x = 6\nx *\n 7\n:type x\n")
    #expect(status == 0)
    #expect(output == "42\nan integer\n")
  }

  @Test func scriptStopsAtTheFirstErrorWithItsLine() throws {
    let wrong = try run(Self.command.path, [], input: "1 + 1\n:type 1\n\nlet y = nothing1\n:type 2\n")
    #expect(wrong.status == 2)
    #expect(wrong.output.hasPrefix("2\nan integer\nerror: "))
    #expect(wrong.output.contains("<standard input>:4:9"))
    #expect(!wrong.output.contains("\u{1B}"))
    let failing = try run(Self.command.path, [], input: "expect(1 == 2)\n")
    #expect(failing.status == 1)
  }
}
