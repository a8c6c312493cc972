import AleaModel

/// A named law of whole numbers, listed.
public struct FiniteLaw: Sendable {
  public let values: [Double]
  /// The probability of each value; the last one has what lies beyond it as well.
  public let weights: [Double]
  /// The probability of what lies beyond the last value.
  public let cut: Double

  /// - Parameter tailMass: laws without end are cut where at most this probability remains.
  /// - Throws: the fault in words, for parameters that the law does not allow.
  public init(_ family: DistributionFamily, _ parameters: [Double], tailMass: Double) throws(ValueError) {
    do {
      let support = try SupportExpander(tailMass: tailMass).expand(family, parameters)
      values = support.values
      weights = support.weights
      cut = support.tailMass
    } catch {
      throw ValueError((error as? SupportExpander.ParameterFault)?.message ?? "\(error)")
    }
  }
}
