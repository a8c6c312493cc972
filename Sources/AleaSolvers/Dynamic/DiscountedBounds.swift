/// What one sweep from v to Tv proves about the true values: they lie in `Tv + low ... Tv + high` at every state with choices.
///
/// With D the greatest change (of Tv less v), raised by the rounding error e of a backup, w = v + D / (1 - m) has Tw <= w, where m is the
/// discounted mass that goes on: the greatest when D >= 0, the least otherwise. The operator is monotone and a contraction, so the true
/// value is at most w, and applying the operator once more at most Tv + e + m D / (1 - m). In the same way from below; and for the
/// greedy policy's own value, whose operator agrees with T at v. Sources: MacQueen (1966), Porteus, *Some bounds for discounted
/// sequential decision processes*, Management Science 18 (1971).
struct DiscountedBounds: Sendable {
  var low: Double
  var high: Double
  /// Half the width that rounding alone would leave, were v exact.
  var floor: Double

  init(of sweep: SweepOutcome, from magnitude: Double, in model: DiscountedModel) {
    guard !sweep.isEmpty else {
      (low, high, floor) = (0, 0, 0)
      return
    }
    let error = model.backupError(magnitude: magnitude)
    // A difference of two doubles is off by half a unit in its last place.
    let greatest = (sweep.greatestChange.nextUp + error).nextUp
    let least = (sweep.leastChange.nextDown - error).nextDown
    high = (Self.outward(greatest, model) + error).nextUp
    low = -(Self.outward(-least, model) + error).nextUp
    floor = (Self.outward(error, model) + error).nextUp
    if !(low.isFinite && high.isFinite && low <= high) { (low, high, floor) = (-.infinity, .infinity, .infinity) }
  }

  /// Half the width of the proved interval.
  var half: Double { high == .infinity ? .infinity : ((high - low) / 2).nextUp }
  var middle: Double { high == .infinity ? 0 : low + (high - low) / 2 }

  /// At least m D / (1 - m), for the mass m that makes it greatest.
  private static func outward(_ change: Double, _ model: DiscountedModel) -> Double {
    let mass = change >= 0 ? model.heaviest : model.lightest
    if change >= 0 {
      let rest = (1 - mass).nextDown
      return rest > 0 ? ((mass * change).nextUp / rest).nextUp : .infinity
    }
    // A negative change helps least with the least mass; the quotient is rounded towards zero.
    return ((mass * change).nextUp / (1 - mass).nextUp).nextUp
  }
}
