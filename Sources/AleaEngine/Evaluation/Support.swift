import AleaModel
import AleaNumerics
import AleaSyntax

/// The values a draw can take, with their probabilities.
struct Support: Sendable {
  var values: [Double]
  var weights: [Double]
  /// The probability of the outcomes beyond the last value, which carries it.
  var tailMass = 0.0
  /// The expected excess of the draw over the last value.
  var tailExcess = 0.0
  /// The last value of the infinitely supported laws inside; nil when there is none.
  var end: Double?
}

/// Expands distributions whose parameters are numbers.
struct SupportExpander: Sendable {
  /// Infinitely supported laws are cut where at most this probability remains.
  var tailMass: Double

  /// What is wrong with a parameter, in words; the caller knows the place.
  struct ParameterFault: Error {
    var message: String
    var parameter: Int
  }

  /// The support of a named law.
  ///
  /// - Parameters:
  ///   - saturation: a value from which on a larger draw makes no difference, if there is one: everything beyond is lumped onto it,
  ///     unless it lies so far out that cutting by ``tailMass`` is much shorter.
  ///   - end: the last value wanted, whatever the tail beyond it.
  func expand(_ family: DistributionFamily, _ parameters: [Double], saturation: Double? = nil, end exactEnd: Double? = nil) throws
    -> Support
  {
    func cut(_ byMass: Double) -> Double {
      if let exactEnd { return exactEnd }
      if let saturation, saturation <= byMass + 64 { return saturation }
      return byMass
    }
    func require(_ condition: Bool, _ index: Int, _ words: String) throws {
      guard condition else {
        throw ParameterFault(
          message: "the \(family.parameters[index]) of \(name(family)) is \(ScalarEvaluator.text(parameters[index])), \(words)",
          parameter: index)
      }
    }
    func probability(_ index: Int) throws -> Double {
      try require(parameters[index] >= 0 && parameters[index] <= 1, index, "which is not a probability")
      return parameters[index]
    }
    switch family {
    case .bernoulli:
      let p = try probability(0)
      return Support(values: [0, 1], weights: [1 - p, p])
    case .binomial:
      let n = parameters[0]
      try require(n >= 0 && n.rounded() == n, 0, "not a count")
      try require(n <= 10_000_000, 0, "too large to enumerate")
      let p = try probability(1)
      let values = (0...Int(n)).map(Double.init)
      return Support(
        values: values, weights: values.map { DiscreteProbability.binomial($0, trials: n, probability: p) })
    case .uniformInteger:
      let low = parameters[0]
      let high = parameters[1]
      try require(low.rounded() == low, 0, "not an integer")
      try require(high.rounded() == high, 1, "not an integer")
      try require(high >= low, 1, "less than the low end \(ScalarEvaluator.text(low))")
      try require(high - low < 10_000_000, 1, "too far from the low end to enumerate")
      let values = (0...Int(high - low)).map { low + Double($0) }
      return Support(values: values, weights: values.map { _ in 1 / (high - low + 1) })
    case .poisson:
      let rate = parameters[0]
      try require(rate >= 0 && rate <= 10_000_000, 0, rate < 0 ? "negative" : "too large to enumerate")
      let end = cut(poissonEnd(rate))
      let values = (0...Int(end)).map(Double.init)
      var support = Support(values: values, weights: values.map { DiscreteProbability.poisson($0, rate: rate) })
      support.tailMass = DiscreteProbability.poissonTail(above: end, rate: rate)
      support.tailExcess = DiscreteProbability.poissonExcess(over: end, rate: rate)
      support.end = end
      support.weights[values.count - 1] += support.tailMass
      return support
    case .geometric:
      let p = parameters[0]
      try require(p > 0 && p <= 1, 0, "outside (0, 1]")
      let end = cut(p == 1 ? 0 : max(0, (log(tailMass) / log1p(-p) - 1).rounded(.up)))
      try require(end < 10_000_000, 0, "so small that the law cannot be enumerated")
      let values = (0...Int(end)).map(Double.init)
      var support = Support(values: values, weights: values.map { DiscreteProbability.geometric($0, probability: p) })
      support.tailMass = DiscreteProbability.geometricTail(above: end, probability: p)
      // What exceeds the end is geometric again, from one on.
      support.tailExcess = support.tailMass / p
      support.end = end
      support.weights[values.count - 1] += support.tailMass
      return support
    case .uniform, .normal, .logNormal, .exponential, .gamma, .beta, .studentT:
      throw ParameterFault(message: "\(name(family)) has no finite support", parameter: 0)
    }
  }

  /// The first count above which at most ``tailMass`` remains.
  private func poissonEnd(_ rate: Double) -> Double {
    var end = (rate + 4 * rate.squareRoot()).rounded(.up)
    while DiscreteProbability.poissonTail(above: end, rate: rate) > tailMass {
      end += max(1, (0.25 * rate.squareRoot()).rounded(.down))
    }
    while end > 0, DiscreteProbability.poissonTail(above: end - 1, rate: rate) <= tailMass { end -= 1 }
    return end
  }

  private func name(_ family: DistributionFamily) -> String { SupportExpander.name(of: family) }

  /// The family's name in the language.
  static func name(of family: DistributionFamily) -> String {
    switch family {
    case .uniformInteger: "Uniform"
    case .logNormal: "LogNormal"
    case .studentT: "StudentT"
    default: family.rawValue.prefix(1).uppercased() + family.rawValue.dropFirst()
    }
  }

  /// Expands a law, its expressions read by `read`, its laws with parameters by `primitive`.
  ///
  /// - Returns: the values with their weights, unmerged, weights of zero left out.
  func expand(
    _ distribution: Distribution, saturation: Double? = nil, end: Double? = nil, read: (ExpressionID) throws -> Double,
    span: (ExpressionID) -> SourceSpan?
  ) throws -> Support {
    switch distribution {
    case .primitive(let family, let parameters):
      do {
        return try expand(family, try parameters.map(read), saturation: saturation, end: end)
      } catch let fault as ParameterFault {
        throw Diagnostic.error(fault.message, at: parameters.isEmpty ? nil : span(parameters[fault.parameter]))
      }
    case .finite(let outcomes, let isNormalized):
      var support = Support(values: [], weights: [])
      var sum = 0.0
      for outcome in outcomes {
        let weight = try read(outcome.weight)
        guard weight >= 0, weight.isFinite else {
          throw Diagnostic.error(
            "a probability is \(ScalarEvaluator.text(weight))", at: span(outcome.weight), label: "must lie in 0..1")
        }
        sum += weight
        guard weight > 0 else { continue }
        if isNormalized, weight > 1 + 1e-9 {
          throw Diagnostic.error(
            "a probability is \(ScalarEvaluator.text(weight))", at: span(outcome.weight), label: "must lie in 0..1")
        }
        support.values.append(try read(outcome.value))
        support.weights.append(weight)
      }
      let place = outcomes.first.flatMap { first in
        outcomes.dropFirst().reduce(span(first.weight)) { all, next in
          span(next.weight).flatMap { all?.union($0) } ?? all
        }
      }
      if isNormalized {
        guard abs(sum - 1) <= 1e-9 else {
          throw Diagnostic.error(
            "the probabilities sum to \(ScalarEvaluator.text(sum)), not to 1", at: place,
            notes: ["`Categorical(values, weights)` divides the weights by their sum"])
        }
      } else {
        guard sum > 0 else { throw Diagnostic.error("all weights are zero", at: place) }
        for index in support.weights.indices { support.weights[index] /= sum }
      }
      return support
    case .select(let condition, let a, let b):
      return try expand(try read(condition) != 0 ? a : b, saturation: saturation, end: end, read: read, span: span)
    case .mixture(let components):
      let weights = try components.map { component in
        let weight = try read(component.weight)
        guard weight >= 0, weight.isFinite else {
          throw Diagnostic.error(
            "a weight is \(ScalarEvaluator.text(weight))", at: span(component.weight), label: "must not be negative")
        }
        return weight
      }
      let sum = weights.reduce(0, +)
      guard sum > 0 else {
        throw Diagnostic.error("all weights are zero", at: components.first.flatMap { span($0.weight) })
      }
      var support = Support(values: [], weights: [])
      for (component, weight) in zip(components, weights) where weight > 0 {
        let part = try expand(component.distribution, saturation: saturation, end: end, read: read, span: span)
        for (value, probability) in zip(part.values, part.weights) {
          support.values.append(value)
          support.weights.append(probability * (weight / sum))
        }
        support.tailMass += part.tailMass * (weight / sum)
        support.tailExcess += part.tailExcess * (weight / sum)
        if let end = part.end { support.end = min(support.end ?? end, end) }
      }
      return support
    case .truncated(let base, let low, let high):
      let lower = try read(low)
      let upper = try read(high)
      // Inside finite bounds nothing is cut: the support reaches beyond the upper bound.
      let isBounded = upper < 1e7
      let part = try expand(
        base, saturation: isBounded ? nil : saturation, end: isBounded ? max(0, upper.rounded(.down)) + 1 : end, read: read,
        span: span)
      var support = Support(values: [], weights: [])
      for (value, probability) in zip(part.values, part.weights) where value >= lower && value <= upper {
        support.values.append(value)
        support.weights.append(probability)
      }
      let sum = support.weights.reduce(0, +)
      guard sum > 0 else {
        throw Diagnostic.error(
          "nothing remains between \(ScalarEvaluator.text(lower)) and \(ScalarEvaluator.text(upper))", at: span(low))
      }
      for index in support.weights.indices { support.weights[index] /= sum }
      if !isBounded {
        support.tailMass = part.tailMass / sum
        support.tailExcess = part.tailExcess / sum
        support.end = part.end
      }
      return support
    }
  }
}

extension Distribution {
  /// The first continuous family inside, if any.
  var continuousFamily: DistributionFamily? {
    switch self {
    case .primitive(let family, _): family.isDiscrete ? nil : family
    case .finite: nil
    case .select(_, let a, let b): a.continuousFamily ?? b.continuousFamily
    case .mixture(let components): components.lazy.compactMap(\.distribution.continuousFamily).first
    case .truncated(let base, _, _): base.continuousFamily
    }
  }

  /// Whether some family inside has infinite support.
  var isInfinite: Bool {
    switch self {
    case .primitive(let family, _): family.isDiscrete && !family.hasFiniteSupport
    case .finite: false
    case .select(_, let a, let b): a.isInfinite || b.isInfinite
    case .mixture(let components): components.contains { $0.distribution.isInfinite }
    case .truncated(let base, _, _): base.isInfinite
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
