import AleaModel
import AleaNumerics

/// The expected discounted number of visits to each state: the solution of m = start + discount P' m.
///
/// The rows of the policy are transposed once, then solved by BiCGSTAB; the bound follows from the residual, since the inverse of
/// I - discount P' has norm at most 1 / (1 - discount) in sums of magnitudes.
struct OccupancyMeasure {
  let visits: [Double]
  /// At least the sum over states of the errors.
  let bound: Double
  var notes: [String] = []

  init(_ chain: InducedChain, process: SparseProcess, discount: Double, tolerance: Double, control: WorkControl) throws {
    let count = process.stateCount
    let rows = TransposedRows(chain)
    let start = StateVector.allocate(count)
    let visits = StateVector.allocate(count)
    let residual = StateVector.allocate(count)
    let step = StateVector.allocate(count)
    let solver = BiconjugateGradient(count: count, threads: 1)
    defer {
      for vector in [start, visits, residual, step] { vector.deallocate() }
      solver.deallocate()
    }
    start.fill(0)
    visits.fill(0)
    for (state, probability) in process.initial { start[Int(state)] += probability }
    let mass = rows.heaviestMass * discount * (1 + 1e-14)
    let rest = (1 - mass).nextDown
    var best = Double.infinity
    var answer = [Double](repeating: 0, count: count)
    // Each round solves for what the last one left; more than a few means rounding.
    for _ in 0..<8 {
      rows.multiply(discount, visits, residual)
      var (error, size, total) = (0.0, 0.0, 0.0)
      for state in 0..<count {
        residual[state] = start[state] - residual[state]
        error += abs(residual[state])
        size += abs(visits[state])
        total += abs(start[state])
      }
      // Rounding of the residual, of the mixed rows, and of these sums.
      var rounding = Rounding.relative(rows.longest + chain.roundings + 4) * (total + 2 * size)
      rounding += Double(count) * Double(rows.longest + 4) * .leastNonzeroMagnitude + 2 * discount * rows.truncatedMass * size
      let bound =
        rest > 0 ? (error * (1 + Rounding.relative(count + 4)) + rounding * (1 + 1e-9)) / rest * (1 + 1e-14) : .infinity
      guard bound < best else { break }
      best = bound
      answer = (0..<count).map { visits[$0] }
      if bound <= tolerance { break }
      guard control.report(WorkProgress(phase: "solving", detail: "occupancy measure, bound \(short(bound))")) else {
        throw WorkCancelled(state: "values are known, the occupancy measure is not")
      }
      _ = solver.solve(
        right: residual.pointer, into: step.pointer, target: 0.01 * tolerance * max(rest, 0) / Double(max(count, 1)),
        maximumProducts: 4_000,
        measure: { max(abs($0), abs($1)) },
        multiply: { rows.multiply(discount, StateVector(pointer: $0, count: count), StateVector(pointer: $1, count: count)) })
      for state in 0..<count where step[state].isFinite { visits[state] += step[state] }
    }
    self.visits = answer
    bound = best
    if best > tolerance {
      notes.append("the occupancy measure is known to \(short(best)), not to the tolerance \(short(tolerance))")
    }
  }
}

/// The rows of a policy by successor instead of by state.
private struct TransposedRows {
  let start: Column<Int>
  let source: Column<Int32>
  let probability: Column<Double>
  let longest: Int
  /// The largest sum of a row.
  let heaviestMass: Double
  /// The most probability that truncated draws may send elsewhere.
  let truncatedMass: Double

  init(_ chain: InducedChain) {
    let process = chain.process
    let count = process.stateCount
    let start = Column<Int>(repeating: 0, count: count + 1)
    var heaviest = 0.0
    for state in 0..<count where chain.policy[state] >= 0 {
      var mass = 0.0
      for index in process.transitions(of: Int(chain.policy[state])) {
        start[Int(process.successor[index]) + 1] += 1
        mass += process.probability[index]
      }
      let length = process.transitions(of: Int(chain.policy[state])).count
      heaviest = max(heaviest, mass * (1 + Rounding.relative(length + chain.roundings + 2)))
    }
    var longest = 0
    for state in 0..<count {
      longest = max(longest, start[state + 1])
      start[state + 1] += start[state]
    }
    let fill = Column(start.array)
    let source = Column<Int32>(repeating: 0, count: start[count])
    let probability = Column<Double>(repeating: 0, count: start[count])
    for state in 0..<count where chain.policy[state] >= 0 {
      for index in process.transitions(of: Int(chain.policy[state])) {
        let successor = Int(process.successor[index])
        source[fill[successor]] = Int32(state)
        probability[fill[successor]] = process.probability[index]
        fill[successor] += 1
      }
    }
    (self.start, self.source, self.probability, self.longest) = (start, source, probability, longest)
    heaviestMass = heaviest
    truncatedMass = chain.process.truncation?.mass.array.max() ?? 0
  }

  /// y = x - discount P' x.
  func multiply(_ discount: Double, _ x: StateVector, _ y: StateVector) {
    let (start, source, probability) = (start.pointer, source.pointer, probability.pointer)
    for state in 0..<x.count {
      var sum = 0.0
      for index in start[state]..<start[state + 1] { sum += probability[index] * x[Int(source[index])] }
      y[state] = x[state] - discount * sum
    }
  }
}
