/// The library written in Alea that every program can import as `std.name`; the texts are part of the executable.
public enum StandardLibrary {
  /// The modules by name.
  static let modules: [(name: String, bytes: [UInt8])] = [
    ("gridworld", PackageResources.gridworld_alea), ("policies", PackageResources.policies_alea),
    ("sensitivity", PackageResources.sensitivity_alea),
  ]

  /// The text of `std.name`, or nil when there is no such module.
  public static func text(of name: String) -> [UInt8]? { modules.first { $0.name == name }?.bytes }

  public static var names: [String] { modules.map(\.name) }
}
