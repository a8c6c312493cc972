/// A part of the bench that prints one table of figures.
///
/// A new section is a file with one conforming type, and a line in ``Bench/sections``.
protocol BenchSection: Sendable {
  /// What selects it on the command line: `alea-bench sweeps`.
  static var name: String { get }
  /// One line on what is measured.
  static var summary: String { get }
  static func run() throws
}

/// Measures Alea beside plain C loops and the machine's memory: `alea-bench [SECTION ...] [OPTION=VALUE ...]`, all sections when none
/// is named. A section says which options it reads.
@main struct Bench {
  static let sections: [any BenchSection.Type] = [
    ParseSection.self, ExploreSection.self, SweepSection.self, SolveSection.self, PrismSection.self, DataSection.self,
    MomentsSection.self, OffPolicySection.self, BanditSection.self,
  ]

  /// The value of `name=value` on the command line, or nil.
  static func option(_ name: String) -> String? {
    CommandLine.arguments.last { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  static func main() throws {
    let names = CommandLine.arguments.dropFirst().filter { !$0.contains("=") }
    for name in names where !sections.contains(where: { $0.name == name }) {
      print("there is no section \(name); the sections are:")
      for section in sections { print("  \(section.name)  \(section.summary)") }
      exit(2)
    }
    for section in sections where names.isEmpty || names.contains(section.name) {
      print("\(section.name): \(section.summary)")
      let others = try Measurement.othersLoad { try section.run() }
      if let others, others > 0.05 {
        print("  other processes kept \(decimals(others, 2)) processors busy meanwhile: wall times are too long")
      }
      print("")
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
