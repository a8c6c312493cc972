import AleaModel
import AleaNumerics

extension Distribution {
  /// One draw with parameters read by `read`; NaN where they do not make a law.
  func sample(_ stream: inout RandomStream, _ read: (ExpressionID) -> Double) -> Double {
    switch self {
    case .primitive(let family, let parameters):
      return family.sample(&stream, read(parameters[0]), parameters.count > 1 ? read(parameters[1]) : 0)
    case .finite(let outcomes, let isNormalized):
      let weights = outcomes.map { read($0.weight) }
      let sum = weights.reduce(0, +)
      guard weights.allSatisfy({ $0 >= 0 }), isNormalized ? abs(sum - 1) <= 1e-9 : sum > 0 && sum.isFinite else { return .nan }
      return read(outcomes[weights.withUnsafeBufferPointer { stream.categorical($0) }].value)
    case .select(let condition, let a, let b):
      let value = read(condition)
      return value.isNaN ? .nan : (value != 0 ? a : b).sample(&stream, read)
    case .mixture(let components):
      let weights = components.map { read($0.weight) }
      let sum = weights.reduce(0, +)
      guard weights.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else { return .nan }
      return components[weights.withUnsafeBufferPointer { stream.categorical($0) }].distribution.sample(&stream, read)
    case .truncated(let base, let low, let high):
      let lower = read(low)
      let upper = read(high)
      guard lower <= upper else { return .nan }
      // Rejection: bounds that keep less than one draw in a million count as a fault.
      for _ in 0..<1_000_000 {
        let value = base.sample(&stream, read)
        if value.isNaN || (value >= lower && value <= upper) { return value }
      }
      return .nan
    }
  }
}

extension DistributionFamily {
  /// One draw; NaN where the parameters are outside their domain.
  func sample(_ stream: inout RandomStream, _ a: Double, _ b: Double) -> Double {
    func when(_ condition: Bool, _ draw: @autoclosure () -> Double) -> Double { condition ? draw() : .nan }
    switch self {
    case .bernoulli: return when(a >= 0 && a <= 1, stream.uniform() < a ? 1 : 0)
    case .binomial: return when(a >= 0 && a.rounded() == a && b >= 0 && b <= 1, stream.binomial(a, b))
    case .geometric: return when(a > 0 && a <= 1, stream.geometric(a))
    case .poisson: return when(a >= 0 && a.isFinite, stream.poisson(a))
    case .uniformInteger: return when(a.rounded() == a && b.rounded() == b && a <= b, stream.uniformInteger(a, b))
    case .uniform: return when(a <= b && (b - a).isFinite, a + (b - a) * stream.uniform())
    case .normal: return when(b >= 0 && b.isFinite && a.isFinite, a + b * stream.normal())
    case .logNormal: return when(b >= 0 && b.isFinite && a.isFinite, UnaryFunction.exp(a + b * stream.normal()))
    case .exponential: return when(a > 0, stream.exponential() / a)
    case .gamma: return when(a > 0 && b > 0, stream.gamma(shape: a) / b)
    case .beta: return when(a > 0 && b > 0, stream.beta(a, b))
    case .studentT: return when(a > 0, stream.studentT(a))
    }
  }
}
