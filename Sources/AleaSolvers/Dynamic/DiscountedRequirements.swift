import AleaModel

/// What methods ask of a process, as data for a refusal.
enum DynamicRequirements {
  /// Reasons against solving the process as a discounted one with the plain expected total.
  static func discounted(_ process: SparseProcess, method: String) -> [UnmetRequirement] {
    var unmet = plainMean(process, method: method)
    if case .discounted(let discount) = process.objective.criterion {
      if !(discount >= 0 && discount < 1 - 1e-12) {
        unmet.append(
          UnmetRequirement(
            method: method, requirement: "a discount of at least 0 and below 1", found: "a discount of \(discount)",
            remedy: "lower the discount, or ask for the `total` or the `average` reward"))
      }
    } else {
      unmet.append(
        UnmetRequirement(
          method: method, requirement: "a discounted objective", found: describe(process.objective.criterion),
          remedy: "state `discount g` with g below 1"))
    }
    return unmet
  }

  /// Reasons against solving the process over a finite number of steps.
  static func finiteHorizon(_ process: SparseProcess, method: String) -> [UnmetRequirement] {
    var unmet = plainMean(process, method: method)
    if case .finiteHorizon(let horizon, let discount) = process.objective.criterion {
      if horizon < 0 || !(discount >= 0 && discount.isFinite) {
        unmet.append(
          UnmetRequirement(
            method: method, requirement: "a horizon and a discount of at least 0",
            found: "a horizon of \(horizon) with discount \(discount)", remedy: "state `horizon n` with n of at least 0"))
      }
    } else {
      unmet.append(
        UnmetRequirement(
          method: method, requirement: "a finite horizon", found: describe(process.objective.criterion),
          remedy: "state `horizon n`"))
    }
    return unmet
  }

  private static func plainMean(_ process: SparseProcess, method: String) -> [UnmetRequirement] {
    guard !process.objective.isPlainMean else { return [] }
    return [
      UnmetRequirement(
        method: method, requirement: "the plain expected total as objective",
        found: "a risk measure, constraint, regularizer or ambiguity clause",
        remedy: "leave the clause out, or choose a method that serves it")
    ]
  }

  static func describe(_ criterion: Objective.Criterion) -> String {
    switch criterion {
    case .discounted(let discount): "a discounted objective (discount \(discount))"
    case .finiteHorizon(let horizon, _): "a finite horizon of \(horizon) steps"
    case .total: "the total reward"
    case .average: "the long-run average reward"
    }
  }
}

extension SparseProcess {
  /// The discount of a discounted objective.
  var discountFactor: Double? {
    if case .discounted(let discount) = objective.criterion { return discount }
    return nil
  }
}

extension DynamicMethod {
  /// Throws the first requirement that is not met.
  func checkRequirements(_ process: SparseProcess) throws(UnmetRequirement) {
    if let unmet = requirements(on: process).first { throw unmet }
  }

  /// The discounted form of the process, when its rows can be certified.
  func discountedModel(of process: SparseProcess, control: WorkControl) throws(UnmetRequirement) -> DiscountedModel {
    try checkRequirements(process)
    let model = DiscountedModel(process, discount: process.discountFactor ?? 0, threads: control.threads)
    guard model.rewardMagnitude.isFinite else {
      throw UnmetRequirement(
        method: name, requirement: "finite rewards", found: "a reward of \(model.rewardMagnitude)",
        remedy: "check the rewards for divisions by zero and overflow")
    }
    guard model.heaviest < 1 else {
      throw UnmetRequirement(
        method: name, requirement: "rows whose sum times the discount stays below 1",
        found: "a row that keeps \(model.heaviest) of the value",
        remedy: "check that probabilities sum to one, or lower the discount")
    }
    return model
  }
}
