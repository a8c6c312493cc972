import AleaModel

/// The solution of `v = A v + b` in fractions, by eliminating one unknown after the other.
///
/// Unknowns whose elimination adds the fewest entries come first. `A` is the transition matrix of states that are left for certain (or
/// discounted), so every pivot `1 - A[s][s]` is positive.
struct ExactElimination {
  var constant: [Rational]
  private var rows: [[Int: Rational]]
  private var users: [Set<Int>]

  init(count: Int) {
    constant = Array(repeating: .zero, count: count)
    rows = Array(repeating: [:], count: count)
    users = Array(repeating: [], count: count)
  }

  mutating func add(_ weight: Rational, from row: Int, to column: Int) {
    rows[row][column, default: .zero] += weight
    users[column].insert(row)
  }

  /// - Throws: `WorkCancelled`; ``UnmetRequirement`` where a state is never left.
  mutating func solve(_ control: WorkControl) throws -> [Rational] {
    let count = constant.count
    var queue = EliminationQueue(count: count) { cost(of: $0) }
    var order: [Int] = []
    order.reserveCapacity(count)
    while let state = queue.pop(cost: { cost(of: $0) }) {
      if order.count % 64 == 0, !control.report(WorkProgress(phase: "solving in fractions", detail: "\(count) unknowns")) {
        throw WorkCancelled(state: "stopped after \(order.count) of \(count) unknowns of a component")
      }
      try eliminate(state)
      order.append(state)
    }
    var value = Array(repeating: Rational.zero, count: count)
    for state in order.reversed() {
      var sum = constant[state]
      for (column, weight) in rows[state] { sum += weight * value[column] }
      value[state] = sum
    }
    return value
  }

  private func cost(of state: Int) -> Int { rows[state].count * users[state].count }

  private mutating func eliminate(_ state: Int) throws {
    var row = rows[state]
    if let loop = row.removeValue(forKey: state) {
      users[state].remove(state)
      guard let scale = (.one - loop).inverse else {
        throw UnmetRequirement(
          method: Exact.name, requirement: "states that are left in the end", found: "a policy stays for ever in one",
          remedy: "use a discount below one")
      }
      for column in row.keys { row[column] = row[column].map { $0 * scale } }
      constant[state] *= scale
    }
    rows[state] = row
    for user in users[state] {
      guard let weight = rows[user].removeValue(forKey: state) else { continue }
      constant[user] += weight * constant[state]
      for (column, share) in row {
        rows[user][column, default: .zero] += weight * share
        users[column].insert(user)
      }
    }
    for column in row.keys { users[column].remove(state) }
    users[state] = []
  }
}

/// Unknowns by the cost of eliminating them, the cheapest first; costs are looked up again before one is taken.
private struct EliminationQueue {
  private var heap: [(cost: Int, state: Int)]

  init(count: Int, cost: (Int) -> Int) {
    heap = (0..<count).map { (cost($0), $0) }.sorted { $0 < $1 }
  }

  /// The cheapest unknown left: one whose cost has grown goes back into the heap.
  mutating func pop(cost: (Int) -> Int) -> Int? {
    while let first = heap.first {
      let now = cost(first.state)
      if now <= first.cost {
        let last = heap.removeLast()
        if !heap.isEmpty {
          heap[0] = last
          sink()
        }
        return first.state
      }
      heap[0].cost = now
      sink()
    }
    return nil
  }

  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] { least = child }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
