import Foundation
import Testing

/// The library as programs in C and Python meet it: built with their own tools, run, and compared with what is computed without it.
@Suite struct EmbeddingTests {
  static let root = CommandTests.root

  /// The folder that holds the dynamic library that this build has made.
  static let products = CommandTests.executable.deletingLastPathComponent()

  /// Runs a program with a time limit, after which it is ended.
  static func run(
    _ program: String, _ arguments: [String], in folder: URL = root, environment: [String: String] = [:], limit: Double = 240
  ) throws -> (status: Int32, output: String) {
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("alea-\(UUID().uuidString)")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let output = try FileHandle(forWritingTo: file)
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let end = Date(timeIntervalSinceNow: limit)
    while process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.02) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return (status, try String(contentsOf: file, encoding: .utf8))
  }

  /// Builds a C program against `alea.h` and the dynamic library; returns its path.
  static func compile(_ source: URL, in folder: URL) throws -> String {
    let program = folder.appendingPathComponent(source.deletingPathExtension().lastPathComponent).path
    let (status, output) = try run(
      "cc",
      [
        "-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pthread", source.path,
        "-I\(root.appendingPathComponent("Sources/CAlea").path)", "-L\(products.path)", "-lalea-c",
        "-Wl,-rpath,\(products.path)", "-o", program,
      ])
    try #require(status == 0, "\(output)")
    return program
  }

  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("alea-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  // MARK: C

  @Test(arguments: [(20, 8.0, 4.0), (30, 9.5, 2.0), (12, 6.0, 0.0)])
  func inventoryInC(capacity: Int, price: Double, setup: Double) throws {
    try Self.withFolder { folder in
      let program = try Self.compile(Self.root.appendingPathComponent("Examples/Embedding/inventory.c"), in: folder)
      let (status, output) = try Self.run(program, ["Examples/inventory.alea", "\(capacity)", "\(price)", "\(setup)"])
      #expect(status == 0, "\(output)")
      try Self.expectOptimum(output, capacity: capacity, price: price, setup: setup)
    }
  }

  /// Compares lines of stock, value and order with a dense linear solve.
  static func expectOptimum(_ output: String, capacity: Int, price: Double, setup: Double) throws {
    let (value, policy) = IndependentInventory(capacity: capacity, price: price, setup: setup).optimum()
    let rows = output.split(separator: "\n").map { $0.split(separator: " ") }
    try #require(rows.count == capacity + 1)
    for row in rows {
      try #require(row.count == 3)
      let (stock, worth, order) = (try #require(Int(row[0])), try #require(Double(row[1])), try #require(Int(row[2])))
      #expect(abs(worth - value[stock]) < 1e-6)
      #expect(order == policy[stock])
    }
  }

  @Test func errorsReachC() throws {
    try Self.withFolder { folder in
      let program = try Self.compile(Self.root.appendingPathComponent("Examples/Embedding/inventory.c"), in: folder)
      let (status, output) = try Self.run(program, ["Examples/inventory.alea", "30", "cheap", "0"])
      #expect(status == 1)
      #expect(output.contains("cheap") && output.contains("^^^^^"), "\(output)")
    }
  }

  @Test func hostileCallsDoNotCrash() throws {
    try Self.withFolder { folder in
      let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Embedding/hostile.c")
      let (status, output) = try Self.run(try Self.compile(source, in: folder), [])
      #expect(status == 0, "\(output)")
    }
  }

  /// C++ programs include the header as it is.
  @Test func theHeaderIsCPlusPlusToo() throws {
    try Self.withFolder { folder in
      let source = folder.appendingPathComponent("version.cpp")
      try Data("#include <alea.h>\nint main() { return alea_version()[0] == '0' ? 0 : 1; }\n".utf8).write(to: source)
      let (status, output) = try Self.run("c++", ["-fsyntax-only", "-Wall", "-Werror", "-ISources/CAlea", source.path])
      #expect(status == 0, "\(output)")
    }
  }

  // MARK: Python

  static let environment = [
    "ALEA_LIBRARY": products.appendingPathComponent("libalea-c.so").path,
    "PYTHONPATH": root.appendingPathComponent("Sources/Python").path, "PYTHONDONTWRITEBYTECODE": "1",
  ]

  /// Whether NumPy is there: without it the Python package cannot run (on Debian: apt-get install python3-numpy).
  static let hasNumPy = (try? run("python3", ["-c", "import numpy"]))?.status == 0

  @Test(
    .enabled(if: hasNumPy, "python3 has no NumPy: apt-get install python3-numpy"), arguments: [(20, 8.0, 4.0), (30, 9.5, 2.0)])
  func inventoryInPython(capacity: Int, price: Double, setup: Double) throws {
    let (status, output) = try Self.run(
      "python3", ["Examples/Embedding/inventory.py", "Examples/inventory.alea", "\(capacity)", "\(price)", "\(setup)"],
      environment: Self.environment)
    #expect(status == 0, "\(output)")
    try Self.expectOptimum(output, capacity: capacity, price: price, setup: setup)
  }

  @Test(.enabled(if: hasNumPy, "python3 has no NumPy: apt-get install python3-numpy")) func pythonPackage() throws {
    let (status, output) = try Self.run(
      "python3", ["-m", "unittest", "-v"], in: Self.root.appendingPathComponent("Sources/Python"), environment: Self.environment)
    #expect(status == 0, "\(output)")
    #expect(output.contains("OK"))
  }
}
