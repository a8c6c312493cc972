import AleaModel

/// A process to be maximised whose policies end: what reachability, total reward and the gains of a multichain model reduce to.
///
/// Fixed states have their value given as an interval. For every other state there is a policy that reaches the fixed states almost
/// surely, and a policy that does not loses without limit; then the Bellman equation has one solution and
/// any vector that an update does not raise lies above it, any vector that an update does not lower lies below it
/// (Bertsekas and Tsitsiklis, *An analysis of stochastic shortest path problems*, Math. Oper. Res. 16, 1991).
///
/// Exactly, a row stands for its probabilities divided by their sum: stored rows sum to one only up to rounding, and every bound takes
/// the difference into account.
struct ComponentProblem {
  var choiceStart: Column<UInt32>
  var transitionStart: Column<UInt32>
  var successor: Column<Int32>
  var probability: Column<Double>
  var reward: Column<Double>
  var fixed: StateSet
  /// Given for fixed states; filled in for the others by the solver.
  var lower: Column<Double>
  var upper: Column<Double>
  /// The most probabilities that were added up to give a stored one: each addition may have rounded.
  var mergedTerms = 0

  var stateCount: Int { choiceStart.count - 1 }

  /// The addresses kernels work on; valid while the problem lives.
  var rows: Rows {
    Rows(
      choiceStart: UnsafePointer(choiceStart.pointer), transitionStart: UnsafePointer(transitionStart.pointer),
      successor: UnsafePointer(successor.pointer), probability: UnsafePointer(probability.pointer),
      reward: UnsafePointer(reward.pointer), mergedTerms: Double(mergedTerms))
  }
}

/// The addresses of compressed rows.
struct Rows: @unchecked Sendable {
  let choiceStart: UnsafePointer<UInt32>
  let transitionStart: UnsafePointer<UInt32>
  let successor: UnsafePointer<Int32>
  let probability: UnsafePointer<Double>
  let reward: UnsafePointer<Double>
  /// See ``ComponentProblem/mergedTerms``.
  let mergedTerms: Double

  @inline(__always) func choices(of state: Int) -> Range<Int> {
    Range(uncheckedBounds: (Int(choiceStart[state]), Int(choiceStart[state &+ 1])))
  }
  @inline(__always) func transitions(of choice: Int) -> Range<Int> {
    Range(uncheckedBounds: (Int(transitionStart[choice]), Int(transitionStart[choice &+ 1])))
  }

  /// An enclosure of the exact `reward + sum of probability * value / sum of probability`: a computed value and a bound on its error.
  ///
  /// Summing `m` products costs at most `(m + 1) u` of the sum of magnitudes, with `u = 2^-53` (Higham, *Accuracy and Stability of
  /// Numerical Algorithms*, section 3.1); the deviation of the row's sum from one is measured with the same care.
  @inline(__always) func enclosure(_ choice: Int, _ value: UnsafePointer<Double>) -> (value: Double, error: Double) {
    var sum = 0.0
    var magnitude = 0.0
    var mass = 0.0
    var transition = Int(transitionStart[choice])
    let end = Int(transitionStart[choice &+ 1])
    let count = Double(end &- transition)
    while transition < end {
      let p = probability[transition]
      let product = p * value[Int(successor[transition])]
      sum += product
      magnitude += product.magnitude
      mass += p
      transition &+= 1
    }
    let gain = reward[choice]
    let unit = (count + mergedTerms + 4) * Rounding.unit
    let deviation = (mass - 1).magnitude + unit
    let error = unit * (gain.magnitude + magnitude) + 1.01 * deviation * magnitude + Double.leastNormalMagnitude
    return (gain + sum, error)
  }
}
