import Alea
import AleaREPL
import AleaTerminal
import ArgumentParser
import Glibc

/// Exit statuses: what scripts can rely on.
enum ExitStatus {
  static let success: Int32 = 0
  /// An expectation or a solve failed.
  static let failure: Int32 = 1
  /// A program with errors, or wrong usage.
  static let invalid: Int32 = 2
  static let interrupted: Int32 = Terminal.exitAfterInterrupt
}

/// Ends the command with a status, after everything has been said.
struct Exit: Error { var status: Int32 }

@main
struct Main {
  /// Nil unless the arguments are program files only (or none, or `-D` definitions): then the prompt starts with them loaded.
  static func promptOptions(_ arguments: [String]) -> [(name: String, value: String)]? {
    var definitions: [(name: String, value: String)] = []
    var index = 0
    while index < arguments.count {
      if arguments[index] == "-D", index + 1 < arguments.count {
        let parts = arguments[index + 1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        definitions.append((parts[0], parts[1]))
        index += 2
        continue
      }
      guard arguments[index].hasSuffix(".alea") else { return nil }
      index += 1
    }
    return definitions
  }

  static func main() {
    Terminal.catchInterrupts()
    do {
      // `-Dname=value` is `-D name=value`; the argument parser would take the name for a part of the option.
      let arguments = CommandLine.arguments.dropFirst().flatMap { argument in
        argument.hasPrefix("-D") && argument.count > 2 ? ["-D", String(argument.dropFirst(2))] : [argument]
      }
      if let options = Main.promptOptions(arguments) {
        var configuration = Session.Configuration()
        configuration.parameters = options
        Glibc.exit(Prompt(configuration: configuration, files: arguments.filter { $0.hasSuffix(".alea") }).run())
      }
      var command = try AleaCommand.parseAsRoot(arguments)
      try command.run()
    } catch let exit as Exit {
      Glibc.exit(exit.status)
    } catch {
      let message = AleaCommand.fullMessage(for: error)
      if AleaCommand.exitCode(for: error).isSuccess {
        Terminal.write(message + "\n")
        Glibc.exit(ExitStatus.success)
      }
      Terminal.writeError((message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message) + "\n")
      Glibc.exit(ExitStatus.invalid)
    }
  }
}

struct AleaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alea",
    abstract: "A language for decision problems: Markov decision processes, bandits and causal models.",
    version: "alea \(version)",
    subcommands: [Run.self, Check.self, Test.self, Format.self, IR.self, Graph.self, Convert.self, Explain.self])
}

/// How messages about programs are written.
enum DiagnosticsFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Options shared by the commands that read programs.
struct ProgramOptions: ParsableArguments {
  @Option(
    name: .customShort("D"), parsing: .singleValue,
    help: ArgumentHelp("Set a `param` of the program.", valueName: "name=value"))
  var definitions: [String] = []

  @Option(help: "How messages are written: text, or json (one object a line).")
  var diagnostics: DiagnosticsFormat = .text

  @Option(help: "The seed of simulations that name none.")
  var seed: UInt64 = 0

  @Option(help: "Worker threads; the answers do not depend on it. 0 takes all cores.")
  var threads: Int = 0

  @Option(help: "The guaranteed error to aim at where a question names none.")
  var tolerance: Double?

  @Flag(help: "Print answers in full as JSON.")
  var json = false

  @Flag(help: "Print only what was asked for: no progress, no warnings.")
  var quiet = false

  @Flag(help: "Say how long each answer took.")
  var time = false

  mutating func validate() throws {
    if threads < 0 { throw ValidationError("--threads takes a number from 0; \(threads) is negative") }
    if let tolerance, !(tolerance > 0 && tolerance.isFinite) {
      throw ValidationError("--tolerance takes a positive number; got \(tolerance)")
    }
    for definition in definitions where !definition.contains("=") {
      throw ValidationError("-D takes name=value, as in -D n=50; got '\(definition)'")
    }
  }

  /// The definitions by name, in order.
  var parameters: [(name: String, value: String)] {
    definitions.map { definition in
      let parts = definition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), String(parts[1]))
    }
  }
}
