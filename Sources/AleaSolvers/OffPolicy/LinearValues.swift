import AleaEngine
import AleaModel
import AleaNumerics

/// Action values linear in features of the state, one block of coefficients an action: fitted Q evaluation by least squares.
struct LinearValues: Sendable {
  /// The features of each row's state, `width` numbers each.
  let features: [Double]
  /// The features of the state after each row; meaningless where it has ended.
  let nextFeatures: [Double]
  let nextTarget: [Double]
  let hasNext: [Bool]
  let isKnown: [Bool]
  let width: Int
  let actionCount: Int

  /// - Throws: ``OffPolicyFault`` or `Diagnostic` where a rule has no value.
  init(_ question: OffPolicyQuestion, quadratic: Bool) throws {
    try question.requireStationary()
    let coding = question.coding()
    let record = question.record
    let count = question.actionCount
    // The square of a variable of two values is linear in it.
    let hasSquare = coding.map { (question.process[$0].domain.count ?? 3) > 2 }
    func expand(_ values: [Double]) -> [Double] {
      var result = [1] + values
      if quadratic {
        for i in values.indices {
          for j in i..<values.count where i != j || hasSquare[i] { result.append(values[i] * values[j]) }
        }
      }
      return result
    }
    let columns = coding.map { record.columns[$0] ?? [] }
    let rows = (0..<record.rowCount).map { row in expand(columns.map { $0[row] }) }
    width = rows.first?.count ?? 1
    actionCount = count
    features = rows.flatMap { $0 }
    var next: [Double] = []
    var policy: [Double] = []
    var alive: [Bool] = []
    var known: [Bool] = []
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        switch question.successor(of: row, episode: episode, coding: coding) {
        case .row(let following):
          next += rows[following]
          policy += question.targetProbabilities[following * count..<(following + 1) * count]
          alive.append(true)
          known.append(true)
        case .values(let values):
          var environment = ScalarEnvironment(
            variableCount: question.target.process.variables.count, time: Double(row + 1 - record.start[episode]))
          for (id, value) in zip(coding, values) { environment.current[Int(id.index)] = value }
          next += expand(values)
          policy += try question.target.probabilities(in: environment)
          alive.append(true)
          known.append(true)
        case .ended:
          next += [Double](repeating: 0, count: width)
          policy += [Double](repeating: 0, count: count)
          alive.append(false)
          known.append(true)
        case .unknown:
          next += [Double](repeating: 0, count: width)
          policy += [Double](repeating: 0, count: count)
          alive.append(false)
          known.append(false)
        }
      }
    }
    nextFeatures = next
    nextTarget = policy
    hasNext = alive
    isKnown = known
  }

  /// The coefficients of the discounted fixed point: sum phi (phi - discount phi_pi')' theta = sum phi r (LSTD-Q).
  func fixedPoint(_ question: OffPolicyQuestion, rows: [Int]) throws -> [Double] {
    let size = width * actionCount
    var system = Matrix(rows: size, columns: size)
    var right = Matrix(rows: size, columns: 1)
    for row in rows where isKnown[row] {
      let base = question.choices.actions[row] * width
      for i in 0..<width {
        let value = features[row * width + i]
        right[base + i, 0] += value * question.record.rewards[row]
        for j in 0..<width { system[base + i, base + j] += value * features[row * width + j] }
        guard hasNext[row] else { continue }
        for action in 0..<actionCount where nextTarget[row * actionCount + action] > 0 {
          let weight = question.discount * nextTarget[row * actionCount + action] * value
          for j in 0..<width { system[base + i, action * width + j] -= weight * nextFeatures[row * width + j] }
        }
      }
    }
    guard let theta = system.solve(right)?.elements, theta.allSatisfy(\.isFinite) else { throw Self.undetermined }
    return theta
  }

  /// The coefficients with k steps to go, k = 1...horizon, each a regression of r + discount V on the features of its action.
  func regressions(_ question: OffPolicyQuestion, horizon: Int, rows: [Int]) throws -> [[Double]] {
    var inverses: [Matrix] = []
    for action in 0..<actionCount {
      var gram = Matrix(rows: width, columns: width)
      for row in rows where isKnown[row] && question.choices.actions[row] == action {
        for i in 0..<width { for j in 0..<width { gram[i, j] += features[row * width + i] * features[row * width + j] } }
      }
      guard let inverse = gram.inverse else { throw Self.undetermined }
      inverses.append(inverse)
    }
    var result: [[Double]] = []
    for toGo in 0..<horizon {
      var right = (0..<actionCount).map { _ in Matrix(rows: width, columns: 1) }
      for row in rows where isKnown[row] {
        let ahead = toGo > 0 && hasNext[row] ? value(nextFeatures, nextTarget, row, result[toGo - 1]) : 0
        let outcome = question.record.rewards[row] + question.discount * ahead
        for i in 0..<width { right[question.choices.actions[row]][i, 0] += features[row * width + i] * outcome }
      }
      result.append(zip(inverses, right).flatMap { ($0 * $1).elements })
    }
    return result
  }

  static let undetermined = OffPolicyFault(
    "the log does not determine the coefficients of the value", remedy: "every action needs rows in which the states vary")

  /// sum_a policy(a) phi(row)' theta_a.
  func value(_ features: [Double], _ policy: [Double], _ row: Int, _ theta: [Double]) -> Double {
    var sum = 0.0
    for action in 0..<actionCount where policy[row * actionCount + action] > 0 {
      var product = 0.0
      for i in 0..<width { product += features[row * width + i] * theta[action * width + i] }
      sum += policy[row * actionCount + action] * product
    }
    return sum
  }

  func taken(_ row: Int, _ action: Int, _ theta: [Double]) -> Double {
    (0..<width).reduce(0) { $0 + features[row * width + $1] * theta[action * width + $1] }
  }
}
