import AleaModel

/// Numbers that can be added, multiplied and inverted without rounding.
protocol FieldNumber {
  static var zero: Self { get }
  static var one: Self { get }
  var isZero: Bool { get }
  /// One over the number; nil for zero.
  var inverse: Self? { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
}

extension Rational: FieldNumber {}

/// A number modulo the prime `2^61 - 1`.
struct ModularNumber: FieldNumber {
  static let modulus: UInt = (1 << 61) - 1
  let residue: UInt

  /// - Parameter residue: less than ``modulus``.
  init(_ residue: UInt) { self.residue = residue }

  static let zero = ModularNumber(0)
  static let one = ModularNumber(1)
  var isZero: Bool { residue == 0 }

  static func + (a: Self, b: Self) -> Self {
    let sum = a.residue + b.residue
    return Self(sum >= modulus ? sum - modulus : sum)
  }

  static func - (a: Self, b: Self) -> Self {
    Self(a.residue >= b.residue ? a.residue - b.residue : a.residue + modulus - b.residue)
  }

  static func * (a: Self, b: Self) -> Self {
    // Since 2^61 is 1, what lies above 61 bits is added to what lies below.
    let (high, low) = a.residue.multipliedFullWidth(by: b.residue)
    let sum = (low & modulus) + (high << 3 | low >> 61)
    return Self(sum >= modulus ? sum - modulus : sum)
  }

  var inverse: Self? {
    if isZero { return nil }
    // The power `modulus - 2` (Fermat).
    var (result, square, rest) = (Self.one, self, Self.modulus - 2)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      square = square * square
      rest >>= 1
    }
    return result
  }
}

/// The solution of `x = b + A x` without rounding, by eliminating one unknown after the other; good for several `b`.
///
/// Unknowns whose elimination may add the fewest entries come first (Markowitz, *Management Science* 3, 1957).
struct ExactElimination<Number: FieldNumber> {
  private typealias Entry = (column: Int32, weight: Number)

  /// What eliminating an unknown has done: its row, and the rows it was put into.
  private struct Step {
    var state: Int
    var scale: Number?
    var row: [Entry]
    var users: [Entry]
  }

  private var rows: [[Entry]]
  /// The rows in which a column occurs, those eliminated since included; how many there are without them.
  private var users: [[Int32]]
  private var userCount: [Int]
  private var isEliminated: [Bool]
  private var steps: [Step] = []

  init(count: Int) {
    rows = Array(repeating: [], count: count)
    users = Array(repeating: [], count: count)
    userCount = Array(repeating: 0, count: count)
    isEliminated = Array(repeating: false, count: count)
  }

  /// Adds to an entry of `A`.
  mutating func add(_ weight: Number, from row: Int, to column: Int) { rows[row].append((Int32(column), weight)) }

  /// Eliminates every unknown; false where `1 - A` turns out to be singular.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  mutating func factor(_ control: WorkControl) throws -> Bool {
    merge()
    let count = rows.count
    steps.reserveCapacity(count)
    var queue = EliminationQueue((0..<count).map { (cost(of: $0), Int32($0)) })
    while let (known, state) = queue.pop() {
      let state = Int(state)
      if isEliminated[state] || known != cost(of: state) { continue }
      if steps.count % 64 == 0, !control.report(WorkProgress(phase: "solving in fractions", detail: "\(count) unknowns")) {
        throw WorkCancelled(state: "stopped after \(steps.count) of \(count) unknowns of a component")
      }
      guard let step = eliminate(state) else { return false }
      for (user, _) in step.users { queue.push((cost(of: Int(user)), user)) }
      for (column, _) in step.row { queue.push((cost(of: Int(column)), column)) }
      steps.append(step)
    }
    rows = []
    users = []
    return true
  }

  /// The solution for one `b`.
  func solve(_ side: [Number]) -> [Number] {
    var x = side
    for step in steps {
      if let scale = step.scale { x[step.state] = x[step.state] * scale }
      let known = x[step.state]
      if known.isZero { continue }
      for (user, weight) in step.users { x[Int(user)] = x[Int(user)] + weight * known }
    }
    for step in steps.reversed() {
      var sum = x[step.state]
      for (column, weight) in step.row { sum = sum + weight * x[Int(column)] }
      x[step.state] = sum
    }
    return x
  }

  /// Draws entries of the same column together, and notes where columns occur.
  private mutating func merge() {
    for row in rows.indices {
      var merged: [Entry] = []
      for entry in rows[row].sorted(by: { $0.column < $1.column }) {
        if let last = merged.last, last.column == entry.column {
          merged[merged.count - 1].weight = last.weight + entry.weight
        } else {
          merged.append(entry)
        }
      }
      rows[row] = merged
      for entry in merged where Int(entry.column) != row { note(entry.column, in: row) }
    }
  }

  private mutating func note(_ column: Int32, in row: Int) {
    users[Int(column)].append(Int32(row))
    userCount[Int(column)] += 1
  }

  private func cost(of state: Int) -> Int { rows[state].count * userCount[state] }

  private mutating func eliminate(_ state: Int) -> Step? {
    var step = Step(state: state, scale: nil, row: rows[state], users: [])
    if let own = step.row.firstIndex(where: { Int($0.column) == state }) {
      let loop = step.row.remove(at: own).weight
      guard let scale = (Number.one - loop).inverse else { return nil }
      for place in step.row.indices { step.row[place].weight = step.row[place].weight * scale }
      step.scale = scale
    }
    isEliminated[state] = true
    for user in users[state] where !isEliminated[Int(user)] {
      step.users.append((user, substitute(step.row, for: state, in: Int(user))))
    }
    for (column, _) in step.row { userCount[Int(column)] -= 1 }
    rows[state] = []
    users[state] = []
    return step
  }

  /// Puts the row of an unknown in its place in another row; returns the weight that it had there.
  private mutating func substitute(_ row: [Entry], for state: Int, in user: Int) -> Number {
    let old = rows[user]
    let factor = old.first { Int($0.column) == state }?.weight ?? .zero
    var merged: [Entry] = []
    merged.reserveCapacity(old.count + row.count)
    var place = 0
    for entry in row {
      while place < old.count, old[place].column < entry.column {
        if Int(old[place].column) != state { merged.append(old[place]) }
        place += 1
      }
      if place < old.count, old[place].column == entry.column {
        merged.append((entry.column, old[place].weight + factor * entry.weight))
        place += 1
      } else {
        merged.append((entry.column, factor * entry.weight))
        if Int(entry.column) != user { note(entry.column, in: user) }
      }
    }
    while place < old.count {
      if Int(old[place].column) != state { merged.append(old[place]) }
      place += 1
    }
    rows[user] = merged
    return factor
  }
}

/// Unknowns by the cost of eliminating them, the cheapest first; a cost that has changed is pushed again.
private struct EliminationQueue {
  typealias Item = (cost: Int, state: Int32)
  private var heap: [Item]

  init(_ items: [Item]) { heap = items.sorted { $0 < $1 } }

  mutating func push(_ item: Item) {
    heap.append(item)
    var place = heap.count - 1
    while place > 0, heap[place] < heap[(place - 1) / 2] {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func pop() -> Item? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first }
    heap[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] { least = child }
      if least == place { return first }
      heap.swapAt(place, least)
      place = least
    }
  }
}
