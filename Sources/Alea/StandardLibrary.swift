/// The library written in Alea that every program can import as `std.name`; the texts are part of the executable.
public enum StandardLibrary {
  /// The modules by name.
  static let modules: [(name: String, bytes: [UInt8])] = [
    ("gridworld", PackageResources.gridworld_alea), ("policies", PackageResources.policies_alea),
    ("sensitivity", PackageResources.sensitivity_alea), ("tour", PackageResources.tour_alea),
  ]

  /// The text of `std.name`, or nil when there is no such module.
  public static func text(of name: String) -> [UInt8]? { modules.first { $0.name == name }?.bytes }

  public static var names: [String] { modules.map(\.name) }

  /// What a module declares, in its order, each with the first line said about it; empty when there is no such module.
  static func declarations(of module: String) -> [(name: String, summary: String)] {
    guard let bytes = text(of: module) else { return [] }
    let program = Parser.parseProgram(SourceFile(id: FileID(index: 0), name: module, bytes: bytes)).program
    return program.items.compactMap { item in
      let about = item.documentation.split(separator: "\n").first.map(String.init)
      switch item.kind {
      case .binding(let name, _, _): return (name.text, about ?? "a value")
      case .function(let function): return (function.name.text, about ?? "a function")
      case .enumeration(let name, _): return (name.text, about ?? "a finite type")
      case .model(let model): return (model.name.text, about ?? "a model")
      case .policy(let policy): return (policy.name.text, about ?? "a policy")
      default: return nil
      }
    }
  }
}
