import AleaData
import AleaModel

extension UMBParts {
  private func folder(_ annotation: UMBIndex.Annotation) -> String {
    "annotations/\(annotation.group)/\(annotation.identifier)/"
  }

  /// Adds the atomic propositions of states.
  func addLabels(to model: inout ExplicitModel) throws(DataFileError) {
    for annotation in index.annotations where annotation.group == "aps" {
      guard annotation.appliesTo == ["states"], annotation.type.name == "bool", !annotation.isStochastic else {
        model.warnings.append("the proposition `\(annotation.name)` is left out: labels are sets of states")
        continue
      }
      let flags = try bits(folder(annotation) + "states/values.bin", count: index.states, of: "states")
      model.labels.append(
        .init(name: annotation.name, flags: flags ?? Column(repeating: 0, count: index.states)))
    }
  }

  /// Adds the rewards of states and choices, and those of branches as what each choice earns on the average.
  func addRewards(to model: inout ExplicitModel) throws(DataFileError) {
    for annotation in index.annotations where annotation.group == "rewards" {
      guard annotation.type.isReal, !annotation.isStochastic else {
        let why = annotation.isStochastic ? "its values are random" : "its values are of type \(annotation.type.name)"
        model.warnings.append("the rewards `\(annotation.name)` are left out: \(why)")
        continue
      }
      let type = try annotation.type.checked("the rewards `\(annotation.name)`", file: file)
      var reward = ExplicitModel.Reward(
        name: annotation.name, state: Column(repeating: 0, count: model.stateCount),
        choice: Column(repeating: 0, count: model.choiceCount))
      for place in annotation.appliesTo {
        let path = folder(annotation) + place + "/values.bin"
        switch place {
        case "states":
          if let values = try reals(path, type, count: index.states, of: "states") { reward.state = values }
        case "choices":
          guard let values = try reals(path, type, count: index.choices, of: "choices") else { continue }
          try forEachChoice(of: model) { choice, given in reward.choice.pointer[choice] += values.pointer[given] }
        case "branches":
          guard let values = try reals(path, type, count: index.branches, of: "branches") else { continue }
          let (branches, shares) = (try branchStarts(), try probabilities())
          try forEachChoice(of: model) { choice, given in
            var (amount, sum) = (0.0, 0.0)
            for branch in Int(branches.pointer[given])..<Int(branches.pointer[given + 1]) {
              let share = shares?.pointer[branch] ?? 1
              amount += share * values.pointer[branch]
              sum += share
            }
            reward.choice.pointer[choice] += amount / sum
          }
        default:
          model.warnings.append("the rewards `\(annotation.name)` of \(place) are left out")
        }
      }
      model.rewards.append(reward)
    }
  }

  /// Each choice of the model with its number in the archive; loops that states without a choice were given are left out.
  private func forEachChoice(of model: ExplicitModel, _ body: (_ choice: Int, _ given: Int) -> Void) throws(DataFileError) {
    let starts = try choiceStarts()
    for state in 0..<model.stateCount {
      let given = Int(starts.pointer[state])..<Int(starts.pointer[state + 1])
      for (choice, given) in zip(model.choices(of: state), given) { body(choice, given) }
    }
  }

  /// Warns of what the archive says beside rows, labels, rewards and variables of states.
  func nameWhatIsLeftOut(_ model: inout ExplicitModel) {
    if index.branchActions > 0 { model.warnings.append("the actions of branches are left out") }
    for entity in index.valuations where entity.name != "states" {
      model.warnings.append("the variables of \(entity.name) are left out")
    }
    for group in Set(index.annotations.map(\.group)).subtracting(["aps", "rewards"]).sorted() {
      let names = index.annotations.filter { $0.group == group }.map { "`\($0.name)`" }
      model.warnings.append("the annotations \(names.joined(separator: ", ")) of the group `\(group)` are left out")
    }
  }
}
