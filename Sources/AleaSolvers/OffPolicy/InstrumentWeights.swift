import AleaNumerics

/// Weights over the values of an instrument that turn what was logged into what a policy would earn.
///
/// An instrument moves the action and nothing else. Where its effect on the action's probability does not depend on the confounder,
/// p(a | s, z, u) = f(a, s, z) + g(a, s, u), weights b_a(z | s) with sum_z b_a = 0 and sum_z b_a p(a | s, z) = 1 give
/// E_u r(s, a, u) = sum_z b_a(z | s) E[1{A = a} R | s, z] (Wang and Tchetgen Tchetgen 2018, for any number of actions and levels).
public enum InstrumentWeights {
  /// The contrast weights of one action: of all that satisfy the two equations, those of least variance, sum_z b_z^2 / p(z).
  ///
  /// - Parameters:
  ///   - probabilities: the action's probability at each level of the instrument.
  ///   - levels: the probability of each level.
  /// - Returns: a weight for each level; nil where the instrument does not move the action.
  public static func contrast(_ probabilities: [Double], levels: [Double]) -> [Double]? {
    let total = levels.reduce(0, +)
    guard total > 0 else { return nil }
    let mean = zip(probabilities, levels).reduce(0) { $0 + $1.0 * $1.1 } / total
    let variance = zip(probabilities, levels).reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) }
    guard variance > 1e-12 * total else { return nil }
    return zip(probabilities, levels).map { $1 * ($0 - mean) / variance }
  }
}
