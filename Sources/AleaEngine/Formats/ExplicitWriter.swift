import AleaModel

/// Models of states and transitions as files of other tools.
public struct ExplicitWriter {
  public let model: ExplicitModel
  /// What the format cannot say, for the reader of the file.
  public private(set) var notes: [String] = []

  /// - Parameter model: what is written.
  public init(_ model: ExplicitModel) { self.model = model }

  private var labels: [ExplicitModel.Label] { model.labels }

  /// A name without what ends a word in a file; a name that had to change is noted.
  private mutating func word(_ name: String, of what: String) -> String {
    let result = String(name.map { $0.isWhitespace || "[](),\"".contains($0) ? "_" : $0 })
    if result != name {
      let note = "\(what) `\(name)` is written as `\(result)`"
      if !notes.contains(note) { notes.append(note) }
    }
    return result.isEmpty ? "_" : result
  }

  /// What no format says of rewards: how they are added up.
  static func objectiveNotes(_ model: ExplicitModel) -> [String] {
    switch model.objective.criterion {
    case .total: []
    case .discounted(let discount): ["the discount \(discount) is not part of the format"]
    case .finiteHorizon(let steps, _): ["the horizon of \(steps) steps is not part of the format"]
    case .average: ["the average criterion is not part of the format"]
    }
  }

  /// The value of a transition: a probability, of a ctmc a rate.
  private func value(_ transition: Int, of state: Int) -> Double {
    model.probability.pointer[transition] * (model.exitRate?.pointer[state] ?? 1)
  }

  // MARK: DRN

  /// The model in Storm's DRN format.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public mutating func drn(control: WorkControl = WorkControl()) throws -> [UInt8] {
    notes += Self.objectiveNotes(model)
    let actions = model.actionNames.enumerated().map { index, name in
      // A number would be read as the place of the choice.
      Int(name) == nil ? word(name, of: "the action") : "a\(name)"
    }
    var text = "@type: \(model.kind.rawValue.uppercased())\n@parameters\n\n@reward_models\n"
    text += model.rewards.enumerated().map { word($1.name ?? "reward\($0 + 1)", of: "the reward") }.joined(separator: " ") + "\n"
    text += "@nr_states\n\(model.stateCount)\n@nr_choices\n\(model.choiceCount)\n@model\n"
    var bytes = Array(text.utf8)
    if model.initial.count > 1, Set(model.initial.map(\.probability)).count > 1 {
      notes.append("the probabilities of the initial states are not part of the format")
    }
    let labels = self.labels.sorted { $0.name < $1.name }
    let names = labels.map { word($0.name, of: "the label") }
    for state in 0..<model.stateCount {
      try report(state, control)
      var line = "state \(state)"
      if let rate = model.exitRate { line += " !\(rate.pointer[state])" }
      line += rewards { $0.state.pointer[state] }
      for (label, name) in zip(labels, names) where label.flags.pointer[state] != 0 { line += " \(name)" }
      bytes += (line + "\n").utf8
      for choice in model.choices(of: state) {
        let action = Int(model.choiceAction.pointer[choice])
        bytes += "\taction \(action < 0 ? "__NOLABEL__" : actions[action])\(rewards { $0.choice.pointer[choice] })\n".utf8
        for transition in model.transitions(of: choice) {
          bytes += "\t\t\(model.successor.pointer[transition]) : \(value(transition, of: state))\n".utf8
        }
      }
    }
    return bytes
  }

  private func report(_ state: Int, _ control: WorkControl) throws {
    guard state & 0xFFF == 0xFFF else { return }
    let detail = "\(NumberText.grouped(state)) of \(NumberText.grouped(model.stateCount)) states"
    let fraction = Double(state) / Double(model.stateCount)
    if !control.report(WorkProgress(phase: "writing", detail: detail, fraction: fraction)) {
      throw WorkCancelled(state: "stopped after \(detail); nothing was written")
    }
  }

  private func rewards(_ amount: (ExplicitModel.Reward) -> Double) -> String {
    model.rewards.isEmpty ? "" : " [" + model.rewards.map { "\(amount($0))" }.joined(separator: ", ") + "]"
  }

  // MARK: PRISM's tables

  /// The model as PRISM's explicit files: their endings, and what stands in each.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public mutating func tables(control: WorkControl = WorkControl()) throws -> [(ending: String, bytes: [UInt8])] {
    notes += Self.objectiveNotes(model)
    var files = [("tra", try transitions(control)), ("sta", states()), ("lab", labelFile())]
    for (index, reward) in model.rewards.enumerated() {
      let number = model.rewards.count == 1 ? "" : "\(index + 1)"
      files.append((number + ".srew", stateRewards(reward)))
      files.append((number + ".trew", transitionRewards(reward)))
    }
    return files.map { ($0.0.contains(".") ? $0.0 : "." + $0.0, $0.1) }
  }

  private mutating func transitions(_ control: WorkControl) throws -> [UInt8] {
    let isMDP = model.kind == .mdp
    let actions = model.actionNames.map { word($0, of: "the action") }
    var bytes = Array("\(model.stateCount) \(isMDP ? "\(model.choiceCount) " : "")\(model.transitionCount)\n".utf8)
    try forEachTransition { state, number, choice, transition in
      if number == 0 && transition == Int(model.transitionStart.pointer[choice]) { try report(state, control) }
      let action = Int(model.choiceAction.pointer[choice])
      bytes +=
        "\(state)\(isMDP ? " \(number)" : "") \(model.successor.pointer[transition]) \(value(transition, of: state))\(isMDP && action >= 0 ? " \(actions[action])" : "")\n"
        .utf8
    }
    return bytes
  }

  private func forEachTransition(_ body: (_ state: Int, _ number: Int, _ choice: Int, _ transition: Int) throws -> Void) rethrows
  {
    for state in 0..<model.stateCount {
      for (number, choice) in model.choices(of: state).enumerated() {
        for transition in model.transitions(of: choice) { try body(state, number, choice, transition) }
      }
    }
  }

  private mutating func states() -> [UInt8] {
    let names = model.variables.map { word($0.name, of: "the variable") }
    var bytes = Array("(\(names.joined(separator: ",")))\n".utf8)
    let width = model.variables.count
    for state in 0..<model.stateCount {
      let values = (0..<width).map { index in
        let position = Int(model.positions.pointer[state * width + index])
        return model.variables[index].domain == .boolean
          ? (position == 1 ? "true" : "false") : "\(Int(model.variables[index].domain.value(at: position)))"
      }
      bytes += "\(state):(\(values.joined(separator: ",")))\n".utf8
    }
    return bytes
  }

  private mutating func labelFile() -> [UInt8] {
    // PRISM numbers these two first.
    let order =
      ["init", "deadlock"].compactMap { model.label($0) } + labels.filter { $0.name != "init" && $0.name != "deadlock" }
    let names = order.enumerated().map { "\($0)=\"\($1.name.contains("\"") ? word($1.name, of: "the label") : $1.name)\"" }
    var bytes = Array((names.joined(separator: " ") + "\n").utf8)
    for state in 0..<model.stateCount {
      let members = order.indices.filter { order[$0].flags.pointer[state] != 0 }
      if !members.isEmpty { bytes += "\(state): \(members.map(String.init).joined(separator: " "))\n".utf8 }
    }
    return bytes
  }

  private func head(_ reward: ExplicitModel.Reward, _ what: String) -> String {
    (reward.name.map { "# Reward structure \"\($0)\"\n" } ?? "# Reward structure\n") + "# \(what) rewards\n"
  }

  private func stateRewards(_ reward: ExplicitModel.Reward) -> [UInt8] {
    let states = (0..<model.stateCount).filter { reward.state.pointer[$0] != 0 }
    let lines = states.map { "\($0) \(reward.state.pointer[$0])\n" }
    return Array((head(reward, "State") + "\(model.stateCount) \(states.count)\n").utf8) + lines.flatMap(\.utf8)
  }

  private func transitionRewards(_ reward: ExplicitModel.Reward) -> [UInt8] {
    var lines: [UInt8] = []
    var count = 0
    let isMDP = model.kind == .mdp
    forEachTransition { state, number, choice, transition in
      let amount = reward.choice.pointer[choice]
      guard amount != 0 else { return }
      count += 1
      lines += "\(state)\(isMDP ? " \(number)" : "") \(model.successor.pointer[transition]) \(amount)\n".utf8
    }
    return Array(
      (head(reward, "Transition") + "\(model.stateCount) \(isMDP ? "\(model.choiceCount) " : "")\(count)\n").utf8) + lines
  }
}
