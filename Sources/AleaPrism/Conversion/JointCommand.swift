import AleaSyntax

/// Commands of a model taken together: one without an action, or one of each module that takes part in an action.
struct JointCommand {
  var action: String?
  /// Each with the module it stands in.
  var parts: [(module: PrismModel.Module, command: PrismModel.Command)]
  /// The values that the guards allow, where that is known.
  var allowed: [String: Set<Int>]

  /// Whether the guards of two exclude each other for certain.
  func excludes(_ other: JointCommand) -> Bool { Self.intersection(allowed, other.allowed) == nil }

  /// The values that both allow, or nil where there is a variable without any.
  static func intersection(_ a: [String: Set<Int>], _ b: [String: Set<Int>]) -> [String: Set<Int>]? {
    var result = a
    for (name, set) in b {
      let common = result[name]?.intersection(set) ?? set
      if common.isEmpty { return nil }
      result[name] = common
    }
    return result
  }
}

/// Puts the modules of an expanded model together, without values for its open constants.
struct CommandComposition {
  let tables: PrismTables
  private struct Component {
    var actions: Set<String>
    var joints: [JointCommand]
  }

  private static let most = 20_000

  /// - Throws: `DiagnosticError` for more combinations than can be written, or modules that do not exist.
  func joints() throws -> [JointCommand] {
    if let system = tables.model.system { return try component(system).joints }
    var result = Component(actions: [], joints: [])
    for module in tables.model.modules {
      let other = component(of: module)
      result = try parallel(result, other, on: result.actions.intersection(other.actions))
    }
    return result.joints
  }

  private func component(of module: PrismModel.Module) -> Component {
    var joints: [JointCommand] = []
    for command in module.commands {
      let allowed = tables.allowed(by: command.condition)
      if allowed.values.contains(where: \.isEmpty) || tables.known(command.condition) == 0 { continue }
      joints.append(JointCommand(action: command.action?.text, parts: [(module, command)], allowed: allowed))
    }
    return Component(actions: Set(module.commands.compactMap { $0.action?.text }), joints: joints)
  }

  private func component(_ system: PrismModel.System) throws -> Component {
    switch system {
    case .module(let name):
      guard let module = tables.model.modules.first(where: { $0.name.text == name.text }) else {
        throw DiagnosticError(.error("there is no module `\(name.text)`", at: name.span))
      }
      return component(of: module)
    case .parallel(let a, let b):
      let (first, second) = (try component(a), try component(b))
      return try parallel(first, second, on: first.actions.intersection(second.actions))
    case .interleaved(let a, let b): return try parallel(try component(a), try component(b), on: [])
    case .synchronised(let a, let b, let actions):
      return try parallel(try component(a), try component(b), on: Set(actions.map(\.text)))
    case .hidden(let inner, let actions):
      var result = try component(inner)
      let names = Set(actions.map(\.text))
      for index in result.joints.indices where result.joints[index].action.map(names.contains) ?? false {
        result.joints[index].action = nil
      }
      result.actions.subtract(names)
      return result
    case .renamed(let inner, let changes):
      var result = try component(inner)
      let map = Dictionary(changes.map { ($0.from.text, $0.to.text) }) { first, _ in first }
      for index in result.joints.indices {
        if let action = result.joints[index].action { result.joints[index].action = map[action] ?? action }
      }
      result.actions = Set(result.actions.map { map[$0] ?? $0 })
      return result
    }
  }

  private func parallel(_ a: Component, _ b: Component, on shared: Set<String>) throws -> Component {
    func isAlone(_ joint: JointCommand) -> Bool { joint.action.map { !shared.contains($0) } ?? true }
    var result = Component(actions: a.actions.union(b.actions), joints: a.joints.filter(isAlone) + b.joints.filter(isAlone))
    let others = Dictionary(grouping: b.joints.filter { !isAlone($0) }) { $0.action ?? "" }
    for joint in a.joints where !isAlone(joint) {
      for other in others[joint.action ?? ""] ?? [] {
        guard let allowed = JointCommand.intersection(joint.allowed, other.allowed) else { continue }
        result.joints.append(JointCommand(action: joint.action, parts: joint.parts + other.parts, allowed: allowed))
        if result.joints.count > Self.most {
          throw DiagnosticError(
            .error("the commands can be combined in more than \(Self.most) ways", at: joint.parts.first?.command.span))
        }
      }
    }
    return result
  }
}
