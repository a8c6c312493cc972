import AleaModel
import AleaNumerics

/// Value iteration for discounted processes, stopped by certified span bounds.
///
/// Each sweep proves an interval around every value; the method ends when half its width is within the tolerance. Jacobi sweeps run on
/// all threads; Gauss-Seidel sweeps update in place on one thread, with a Jacobi sweep now and then to certify. Topological sweeps solve
/// one strongly connected component after another, last things first; automatic ones begin as Jacobi sweeps and go over to them when
/// these take long and the process falls apart into small components.
/// Sources: Shapley (1953); MacQueen, *A modified dynamic programming method for Markovian decision problems*, J. Math. Anal. Appl. 14 (1966).
public struct ValueIteration: DynamicMethod {
  public static let name = "ValueIteration"
  public static let abbreviations = ["VI"]
  public static let summary = "sweeps over all states until the certified interval is narrow; best when the process mixes fast"
  public static let parameters = [
    MethodParameter.tolerance,
    MethodParameter(
      "sweeps", .symbol(["automatic", "jacobi", "gaussSeidel", "topological"]), default: .symbol("automatic"),
      doc: "whether a sweep uses the values of the last one only, those it has already updated, or goes component by component"),
  ]

  /// Which values a sweep reads.
  public enum Sweeps: String, Hashable, Sendable, CaseIterable { case automatic, jacobi, gaussSeidel, topological }

  public var tolerance: Double
  public var sweeps: Sweeps

  public init(tolerance: Double = 1e-6, sweeps: Sweeps = .automatic) {
    self.tolerance = tolerance
    self.sweeps = sweeps
  }

  public init(arguments: MethodArguments) {
    self.init(
      tolerance: arguments.real("tolerance"), sweeps: Sweeps(rawValue: arguments.symbol("sweeps")) ?? .automatic)
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    DynamicRequirements.discounted(process, method: name)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    let model = try discountedModel(of: process, control: control)
    let iteration = DiscountedIteration(model, tolerance: tolerance, method: name, control: control)
    switch sweeps {
    case .automatic:
      var order: ComponentOrder?
      return try iteration.run { iteration in
        if iteration.greedySweeps == Self.sweepsBeforeComponents {
          let components = try StronglyConnectedComponents(of: process, control: control)
          if ComponentOrder.pays(components) { order = ComponentOrder(components, in: iteration) }
        }
        if let order, !iteration.needsPlainSteps { try order.sweep(iteration) } else { iteration.takeJacobiStep() }
      }
    case .jacobi:
      return try iteration.run { $0.takeJacobiStep() }
    case .gaussSeidel:
      iteration.notes.append("Gauss-Seidel sweeps run on one thread")
      return try iteration.run { iteration in
        if iteration.needsPlainSteps { return iteration.takeJacobiStep() }
        iteration.takeNext(shifted: true)
        for _ in 0..<8 {
          let outcome = iteration.inPlaceSweep()
          if iteration.measure(outcome.leastChange, outcome.greatestChange) <= 0.1 * iteration.sufficientMeasure { break }
        }
        iteration.valueWasWritten()
      }
    case .topological:
      let order = ComponentOrder(try StronglyConnectedComponents(of: process, control: control), in: iteration)
      return try iteration.run { iteration in
        if iteration.needsPlainSteps { iteration.takeJacobiStep() } else { try order.sweep(iteration) }
      }
    }
  }

  /// Sweeps after which looking for components costs little beside what was spent.
  static let sweepsBeforeComponents = 64
}

extension DiscountedIteration {
  /// A step of plain value iteration. Constants are taken out now and then, so that changes stay small in size and not only in spread.
  ///
  /// Where sweeps gain little, a step to the middle between v and Tv is tried: it ends the oscillation of periodic processes, which
  /// plain sweeps only damp by the discount (and rounding may keep up forever). Tried ever more rarely while it does not help.
  func takeJacobiStep() {
    let now = currentMeasure
    let isSlow = now > 0.9 * damping.lastMeasure
    if damping.wasDamped { damping.wait = isSlow ? min(2 * damping.wait, 1 << 20) : 1 }
    damping.lastMeasure = now
    damping.stepsLeft -= 1
    damping.wasDamped = false
    if isSlow || damping.wait == 1, damping.stepsLeft <= 0 {
      damping.stepsLeft = damping.wait
      damping.wait = max(damping.wait, 2)
      damping.wasDamped = true
      return takeHalfStep()
    }
    let often = greedySweeps & (greedySweeps - 1) == 0
    takeNext(shifted: often || now <= sufficientMeasure)
  }

  /// A greedy sweep in place over the values.
  func inPlaceSweep(order: UnsafeBufferPointer<Int32>? = nil) -> SweepOutcome {
    evaluationSweeps += 1
    if model.maximizes { return kernel(MaximumBackup()).inPlace(value, policy: policy.pointer, order: order) }
    return kernel(MinimumBackup()).inPlace(value, policy: policy.pointer, order: order)
  }
}

/// When steps of plain value iteration are damped.
struct StepDamping {
  var lastMeasure = Double.infinity
  var wasDamped = false
  /// Steps between trials; doubled after each that did not help.
  var wait = 4
  var stepsLeft = 8
}
