import AleaModel
import AleaNumerics

/// The loop all iterative discounted methods share: sweep greedily, read off the certified bound, stop or improve the values.
///
/// Methods differ in what they do between two greedy sweeps; none of that is trusted, since the bound is proved anew by each sweep.
final class DiscountedIteration {
  let model: DiscountedModel
  let control: WorkControl
  /// The values v that the last sweep began with, or the next one will.
  private(set) var value: StateVector
  /// Tv, after a sweep.
  private(set) var next: StateVector
  /// The greedy choices of the last sweep.
  let policy: Column<Int32>
  private(set) var sweep = SweepOutcome()
  private(set) var bounds: DiscountedBounds
  private(set) var greedySweeps = 0
  var evaluationSweeps = 0
  var notes: [String] = []
  /// True once accelerated steps stopped helping: then only plain steps are taken, which contract for certain.
  private(set) var needsPlainSteps = false
  var damping = StepDamping()
  /// True when a given policy is evaluated, so sweeps use it instead of choosing.
  private let isEvaluation: Bool
  let tolerance: Double
  private let method: String
  private var magnitude = 0.0
  private var bestHalf = Double.infinity
  private var sweepsSinceBest = 0

  init(
    _ model: DiscountedModel, tolerance: Double, method: String, control: WorkControl, evaluating policy: Column<Int32>? = nil
  ) {
    self.model = model
    self.control = control
    self.tolerance = tolerance
    self.method = method
    isEvaluation = policy != nil
    self.policy = policy ?? Column(repeating: -1, count: model.view.stateCount)
    value = .allocate(model.view.stateCount)
    next = .allocate(model.view.stateCount)
    value.fill(0)
    bounds = DiscountedBounds(of: SweepOutcome(), from: 0, in: model)
  }

  deinit {
    value.deallocate()
    next.deallocate()
  }

  var count: Int { value.count }
  var threads: Int { control.threads }

  /// The spread (or size, where rows are not uniform) of changes that the tolerance asks for.
  var sufficientMeasure: Double {
    let perChange = model.heaviest / (1 - model.heaviest)
    return (model.isUniform ? 2 : 1) * tolerance / max(perChange, 1)
  }

  /// What has to become small for the bound to become small: the spread of changes where constants are harmless, else their size.
  func measure(_ least: Double, _ greatest: Double) -> Double {
    guard least <= greatest else { return 0 }
    return model.isUniform ? greatest - least : max(abs(least), abs(greatest))
  }
  var currentMeasure: Double { measure(sweep.leastChange, sweep.greatestChange) }

  /// Runs until the certified bound is within tolerance or cannot become smaller. `improve` is called between sweeps, with Tv in ``next``;
  /// it leaves better values in ``value``.
  func run(improve: (DiscountedIteration) throws -> Void) throws -> SparseSolution {
    while true {
      greedySweep()
      guard control.report(WorkProgress(phase: "solving", detail: progress)) else { throw WorkCancelled(state: progress) }
      if isFinished() { return solution() }
      try improve(self)
    }
  }

  private var progress: String { "bound \(short(bounds.half)) after \(greedySweeps) sweeps" }

  private func isFinished() -> Bool {
    let half = bounds.half + 2 * sweep.magnitude.ulp
    if sweep.isEmpty || half <= tolerance { return true }
    guard half.isFinite else {
      notes.append("values too large for double precision: no finite bound")
      return true
    }
    if half <= 2 * bounds.floor {
      notes.append(roundingNote)
      return true
    }
    if half < 0.9 * bestHalf {
      bestHalf = half
      sweepsSinceBest = 0
      return false
    }
    sweepsSinceBest += 1
    if !needsPlainSteps {
      if sweepsSinceBest >= 6 {
        needsPlainSteps = true
        sweepsSinceBest = 0
      }
      return false
    }
    // Plain steps shrink the interval by the discount each; four times its time constant without a tenth gained is rounding.
    if Double(sweepsSinceBest) > 50 + 4 / (1 - model.heaviest) {
      notes.append(roundingNote)
      return true
    }
    return false
  }

  private var roundingNote: String {
    "rounding in double precision stops the bound at \(short(bounds.half)), above the tolerance \(short(tolerance))"
  }

  /// Tv and the greedy policy, from the values.
  private func greedySweep() {
    if isEvaluation {
      sweep = kernel(FixedBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
    } else if model.maximizes {
      sweep = kernel(MaximumBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
    } else {
      sweep = kernel(MinimumBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
    }
    bounds = DiscountedBounds(of: sweep, from: magnitude, in: model)
    greedySweeps += 1
  }

  func kernel<Rule: Backup>(_ rule: Rule) -> SweepKernel<Rule, MeanExpectation> {
    SweepKernel(view: model.view, discount: model.discount, rule: rule, law: MeanExpectation())
  }

  // MARK: Steps for methods

  /// Begins with the given values instead of zeros; anything that is not a finite number counts as zero.
  func start(at values: [Double]) {
    for state in 0..<count {
      value[state] = values[state].isFinite && !model.view.isTerminal(state) ? values[state] : 0
    }
    valueWasWritten()
  }

  /// Takes Tv as the values; where a constant is harmless, moved to the middle of the proved interval.
  func takeNext(shifted: Bool) {
    swap(&value, &next)
    magnitude = sweep.magnitude
    if shifted && model.isUniform { add(bounds.middle) }
  }

  /// Takes the middle between v and Tv as the values, where a constant is harmless moved towards the middle of the proved interval.
  func takeHalfStep() {
    let (value, next) = (value, next)
    let shift = model.isUniform ? bounds.middle : 0
    let (view, anyTerminal) = (model.view, model.hasTerminals)
    VectorOperations(count: count, threads: threads).forEach { range in
      for state in range where !anyTerminal || !view.isTerminal(state) {
        value[state] += (next[state] - value[state]) / 2 + shift
      }
    }
    valueWasWritten()
  }

  /// One sweep of the recorded policy from ``value`` into ``next``.
  func fixedSweep() {
    sweep = kernel(FixedBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
    evaluationSweeps += 1
  }

  /// Tells the loop that ``value`` was written by the method.
  func valueWasWritten() { magnitude = largestMagnitude() }

  /// Adds a constant to the values of states that have choices.
  func add(_ constant: Double) {
    guard constant.isFinite, constant != 0 else { return }
    let (value, view, anyTerminal) = (value, model.view, model.hasTerminals)
    VectorOperations(count: count, threads: threads).forEach { range in
      for state in range where !anyTerminal || !view.isTerminal(state) { value[state] += constant }
    }
    magnitude = (magnitude + abs(constant)).nextUp
  }

  private func largestMagnitude() -> Double {
    let (least, greatest) = VectorOperations(count: count, threads: threads).extremes(value.pointer)
    return count == 0 ? 0 : max(abs(least), abs(greatest))
  }

  // MARK: The answer

  /// The solution that the last sweep certifies.
  private func solution() -> SparseSolution {
    let (view, next, bounds) = (model.view, next, bounds)
    var lower = [Double](repeating: 0, count: count)
    var upper = lower
    var value = lower
    var widest = 0.0
    for state in 0..<count where !view.isTerminal(state) {
      let low = (next[state] + bounds.low).nextDown
      let high = (next[state] + bounds.high).nextUp
      let middle = min(max(next[state] + bounds.middle, low), high)
      lower[state] = low
      upper[state] = high
      value[state] = middle
      let error = max(high - middle, middle - low).nextUp
      if !(error <= widest) { widest = error }
    }
    if evaluationSweeps > 0 { notes.append("\(evaluationSweeps) sweeps evaluated policies between the greedy ones") }
    return SparseSolution(
      value: value, policy: policy.array, lower: lower, upper: upper, bound: widest, method: method, iterations: greedySweeps,
      notes: notes)
  }
}

/// A number as messages show it: two digits.
func short(_ number: Double) -> String {
  guard number.isFinite, number != 0 else { return "\(number)" }
  let exponent = Int(log10(abs(number)).rounded(.down))
  if (-3...4).contains(exponent) { return "\((number * 10_000).rounded() / 10_000)" }
  let digits = (number / pow(10, Double(exponent)) * 10).rounded() / 10
  return "\(digits)e\(exponent)"
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
