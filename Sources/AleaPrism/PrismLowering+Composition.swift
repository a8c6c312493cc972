import AleaModel
import AleaSyntax

extension PrismLowering {
  /// A part of the system: the actions it takes part in, and its combinations of commands.
  struct Component {
    var actions: Set<String>
    var joints: [PrismJoint]
  }

  /// Puts the modules together.
  mutating func compose() {
    attempt { lowering in
      var component: Component
      if let system = lowering.model.system {
        var used: [String: SourceSpan] = [:]
        component = try lowering.component(system, &used)
        for instance in lowering.instances where used[instance.name.text] == nil {
          lowering.report("the `system` leaves out the module `\(instance.name.text)`", instance.name.span)
        }
      } else {
        component = Component(actions: [], joints: [])
        for index in lowering.instances.indices {
          let other = lowering.component(ofModule: index)
          component = try lowering.parallel(component, other, on: component.actions.intersection(other.actions))
        }
      }
      lowering.joints = component.joints
    }
  }

  private func component(ofModule index: Int) -> Component {
    let renaming = instances[index].renaming
    // An action belongs to the module as soon as a command mentions it, also one that is never enabled.
    let actions = instances[index].module.commands.compactMap { command in
      command.action.map { renaming.map[$0.text] ?? $0.text }
    }
    var joints: [PrismJoint] = []
    for (position, command) in commands.enumerated() where command.module == index {
      if scope.pool.constant(command.condition) == 0 || command.allowed.values.contains(where: \.isEmpty) { continue }
      joints.append(PrismJoint(action: command.action, parts: [position], allowed: command.allowed))
    }
    return Component(actions: Set(actions), joints: joints)
  }

  private mutating func component(_ system: PrismModel.System, _ used: inout [String: SourceSpan]) throws -> Component {
    switch system {
    case .module(let name):
      guard let index = instances.firstIndex(where: { $0.name.text == name.text }) else {
        let nearest = Spelling.nearest(name.text, in: instances.map(\.name.text))
        throw scope.fault("there is no module `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "")
      }
      if let earlier = used[name.text] {
        report("the module `\(name.text)` is used twice in the system", name.span, secondary: [.init(earlier, "the first time")])
        throw PrismSilent()
      }
      used[name.text] = name.span
      return component(ofModule: index)
    case .parallel(let a, let b):
      let (first, second) = (try component(a, &used), try component(b, &used))
      return try parallel(first, second, on: first.actions.intersection(second.actions))
    case .interleaved(let a, let b):
      return try parallel(try component(a, &used), try component(b, &used), on: [])
    case .synchronised(let a, let b, let actions):
      let (first, second) = (try component(a, &used), try component(b, &used))
      for action in actions where !first.actions.contains(action.text) && !second.actions.contains(action.text) {
        try unknown(action, first.actions.union(second.actions))
      }
      return try parallel(first, second, on: Set(actions.map(\.text)))
    case .hidden(let inner, let actions):
      var result = try component(inner, &used)
      for action in actions where !result.actions.contains(action.text) { try unknown(action, result.actions) }
      let names = Set(actions.map(\.text))
      for index in result.joints.indices where result.joints[index].action.map(names.contains) ?? false {
        result.joints[index].action = nil
      }
      result.actions.subtract(names)
      return result
    case .renamed(let inner, let changes):
      var result = try component(inner, &used)
      var map: [String: String] = [:]
      for change in changes {
        if !result.actions.contains(change.from.text) { try unknown(change.from, result.actions) }
        map[change.from.text] = change.to.text
      }
      for index in result.joints.indices {
        if let action = result.joints[index].action { result.joints[index].action = map[action] ?? action }
      }
      result.actions = Set(result.actions.map { map[$0] ?? $0 })
      return result
    }
  }

  private mutating func unknown(_ action: PrismName, _ known: Set<String>) throws {
    let nearest = Spelling.nearest(action.text, in: known.sorted())
    throw scope.fault(
      "there is no action `\(action.text)` here", action.span, label: nearest.map { "did you mean `\($0)`?" } ?? "")
  }

  /// Both parts side by side; on the shared actions only together.
  private mutating func parallel(_ a: Component, _ b: Component, on shared: Set<String>) throws -> Component {
    func takesAlone(_ joint: PrismJoint) -> Bool { joint.action.map { !shared.contains($0) } ?? true }
    var result = Component(actions: a.actions.union(b.actions), joints: a.joints.filter(takesAlone) + b.joints.filter(takesAlone))
    let others = Dictionary(grouping: b.joints.filter { !takesAlone($0) }, by: { $0.action ?? "" })
    for joint in a.joints where !takesAlone(joint) {
      for other in others[joint.action ?? ""] ?? [] {
        guard let allowed = Self.intersection(joint.allowed, other.allowed) else { continue }
        result.joints.append(PrismJoint(action: joint.action, parts: joint.parts + other.parts, allowed: allowed))
        if result.joints.count > Self.mostJoints {
          throw scope.fault(
            "the commands can be combined in more than \(Self.mostJoints) ways", commands[joint.parts[0]].span,
            label: "the action `\(joint.action ?? "")` has the most")
        }
      }
    }
    return result
  }

  /// The values that both allow, or nil where there is a variable without any.
  private static func intersection(_ a: [VariableID: PrismValueSet], _ b: [VariableID: PrismValueSet]) -> [VariableID:
    PrismValueSet]?
  {
    var result = a
    for (id, set) in b {
      guard var known = result[id] else {
        result[id] = set
        continue
      }
      known.formIntersection(set)
      if known.isEmpty { return nil }
      result[id] = known
    }
    return result
  }
}
