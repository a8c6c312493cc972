import AleaModel
import AleaNumerics

/// Moves the values towards those of the greedy policy, by whichever evaluation suits: the step between two greedy sweeps.
///
/// All ways solve (I - discount P) x = Tv - v for the correction x, so that rounding of one step is repaired by the next.
final class PolicyImprovement {
  /// How policies are evaluated.
  enum Evaluation { case sweeps(Int), adaptive, krylov, direct }

  private let evaluation: Evaluation
  private var solver: BiconjugateGradient?
  private var correction: StateVector?
  private var factors: SparseFactorization?
  /// Set once fixed-policy sweeps were seen to contract slowly.
  private var prefersKrylov = false
  private(set) var krylovProducts = 0
  private(set) var factorizations = 0

  init(_ evaluation: Evaluation) { self.evaluation = evaluation }

  deinit {
    solver?.deallocate()
    correction?.deallocate()
  }

  /// One improvement, after a greedy sweep.
  func improve(_ iteration: DiscountedIteration) throws {
    if iteration.needsPlainSteps { return iteration.takeJacobiStep() }
    switch evaluation {
    case .sweeps(let count): sweep(iteration, count: count)
    case .adaptive: adapt(iteration)
    case .krylov: krylov(iteration, reduction: 1e-9, maximumProducts: 2_000)
    case .direct:
      if !direct(iteration) { krylov(iteration, reduction: 1e-9, maximumProducts: 2_000) }
    }
  }

  /// A fixed number of sweeps of the greedy policy: modified policy iteration as Puterman and Shin (1978) have it.
  private func sweep(_ iteration: DiscountedIteration, count: Int) {
    iteration.takeNext(shifted: true)
    for _ in 0..<count {
      iteration.fixedSweep()
      iteration.takeNext(shifted: false)
    }
  }

  /// Sweeps of the greedy policy while they contract fast, else a Krylov solve, each as far as the next greedy sweep can use.
  private func adapt(_ iteration: DiscountedIteration) {
    let target = max(0.1 * iteration.currentMeasure, 0.25 * iteration.sufficientMeasure)
    if prefersKrylov { return krylov(iteration, reduction: target / iteration.currentMeasure, maximumProducts: 400) }
    var last = iteration.currentMeasure
    iteration.takeNext(shifted: true)
    for count in 1...30 {
      iteration.fixedSweep()
      let now = iteration.currentMeasure
      if now <= target { break }
      if count >= 2 {
        let ratio = now / last
        // What is left at this rate, against a Krylov solve that would need some thirty products.
        if ratio >= 1 || log(target / now) / log(ratio) > 30 {
          prefersKrylov = true
          return krylov(iteration, reduction: target / now, maximumProducts: 400)
        }
      }
      last = now
      iteration.takeNext(shifted: false)
    }
    iteration.takeNext(shifted: false)
  }

  /// Solves for the correction by BiCGSTAB, from the change that the last sweep left.
  private func krylov(_ iteration: DiscountedIteration, reduction: Double, maximumProducts: Int) {
    let count = iteration.count
    let threads = iteration.threads
    if solver == nil {
      solver = BiconjugateGradient(count: count, threads: threads)
      correction = .allocate(count)
    }
    guard let solver, let correction else { return }
    let before = iteration.currentMeasure
    let constant = takeResidual(iteration)
    let (view, policy, discount) = (
      iteration.model.view, PolicyAddress(pointer: iteration.policy.pointer), iteration.model.discount
    )
    let outcome = solver.solve(
      right: iteration.next.pointer, into: correction.pointer, target: before * reduction, maximumProducts: maximumProducts,
      measure: iteration.measure,
      multiply: {
        PolicyRows.multiply(
          view, policy, discount, StateVector(pointer: $0, count: count), StateVector(pointer: $1, count: count), threads)
      },
      proceed: { iteration.control.report(WorkProgress(phase: "solving", detail: "evaluating a policy")) })
    krylovProducts += outcome.products
    iteration.evaluationSweeps += outcome.products
    if outcome.residualSpread < before {
      iteration.add(correction, constant: constant)
    } else {
      // No use: the residual was destroyed, so the step is one plain sweep of the same policy, made again.
      iteration.fixedSweep()
      iteration.takeNext(shifted: false)
    }
  }

  /// Overwrites Tv by Tv - v, less a constant where constants are harmless, and returns what that constant is worth in values.
  private func takeResidual(_ iteration: DiscountedIteration) -> Double {
    let (value, next) = (iteration.value, iteration.next)
    let middle = iteration.model.isUniform ? (iteration.sweep.leastChange + iteration.sweep.greatestChange) / 2 : 0
    VectorOperations(count: iteration.count, threads: iteration.threads).forEach { range in
      for state in range { next[state] = next[state] - value[state] - middle }
    }
    return middle / (1 - iteration.model.discount)
  }

  /// Solves for the correction by sparse factors; false when the factorisation failed.
  private func direct(_ iteration: DiscountedIteration) -> Bool {
    if factors == nil || iteration.sweep.switches > 0 {
      factors = try? PolicyRows.factorization(iteration.model, policy: iteration.policy)
      factorizations += 1
    }
    guard let factors else { return false }
    if correction == nil { correction = .allocate(iteration.count) }
    guard let correction else { return false }
    let (value, next) = (iteration.value, iteration.next)
    for state in 0..<iteration.count { next[state] -= value[state] }
    guard (try? factors.solve(UnsafePointer(next.pointer), into: correction.pointer)) != nil else {
      for state in 0..<iteration.count { next[state] += value[state] }
      return false
    }
    iteration.add(correction, constant: 0)
    return true
  }
}

/// A policy's address, shared by threads that only read it.
struct PolicyAddress: @unchecked Sendable { let pointer: UnsafeMutablePointer<Int32> }

/// The linear equations of a policy, without forming them where that can be avoided.
enum PolicyRows {
  /// y = x - discount P x, with P the rows of the policy's choices.
  static func multiply(
    _ view: ProcessView, _ policy: PolicyAddress, _ discount: Double, _ x: StateVector, _ y: StateVector, _ threads: Int
  ) {
    _ = Parallel.blocks(of: view.stateCount, size: 1024, threads: threads) { range in
      let (transitionStart, successor, probability) = (view.transitionStart, view.successor, view.probability)
      let (policy, x, y) = (policy.pointer, x.pointer, y.pointer)
      for state in range {
        let choice = Int(policy[state])
        guard choice >= 0 else {
          y[state] = x[state]
          continue
        }
        var (index, sum) = (Int(transitionStart[choice]), 0.0)
        let end = Int(transitionStart[choice &+ 1])
        while index < end {
          sum += probability[index] * x[Int(successor[index])]
          index &+= 1
        }
        y[state] = x[state] - discount * sum
      }
      return UInt8(0)
    }
  }

  /// The factors of I - discount P.
  static func factorization(_ model: DiscountedModel, policy: Column<Int32>) throws -> SparseFactorization {
    let count = model.view.stateCount
    let process = model.process
    // Built by rows, which are the columns of the transposed matrix; then transposed by counting.
    var columnCount = [Int](repeating: 1, count: count + 1)
    columnCount[count] = 0
    for state in 0..<count where policy[state] >= 0 {
      for index in process.transitions(of: Int(policy[state])) where Int(process.successor[index]) != state {
        columnCount[Int(process.successor[index])] += 1
      }
    }
    var start = [Int](repeating: 0, count: count + 1)
    for column in 0..<count { start[column + 1] = start[column] + columnCount[column] }
    var fill = start
    var rowIndex = [Int](repeating: 0, count: start[count])
    var entry = [Double](repeating: 0, count: start[count])
    for state in 0..<count {
      var diagonal = 1.0
      func put(_ column: Int, _ element: Double) {
        rowIndex[fill[column]] = state
        entry[fill[column]] = element
        fill[column] += 1
      }
      if policy[state] >= 0 {
        for index in process.transitions(of: Int(policy[state])) {
          let successor = Int(process.successor[index])
          let element = model.discount * process.probability[index]
          if successor == state { diagonal -= element } else { put(successor, -element) }
        }
      }
      put(state, diagonal)
    }
    return try SparseFactorization(count: count, columnStart: start, rowIndex: rowIndex, entry: entry)
  }
}

extension DiscountedIteration {
  /// Adds the correction, and a constant at states that have choices, to the values.
  func add(_ correction: StateVector, constant: Double) {
    let (value, view) = (value, model.view)
    let anyTerminal = model.hasTerminals
    VectorOperations(count: count, threads: threads).forEach { range in
      for state in range {
        value[state] = anyTerminal && view.isTerminal(state) ? 0 : value[state] + (correction[state] + constant)
      }
    }
    valueWasWritten()
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
