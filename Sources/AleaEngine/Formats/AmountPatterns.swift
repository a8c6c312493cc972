/// Amounts by action, state, next state and observation, as a file gives them: each for one value or all, later ones replacing earlier.
struct AmountPatterns: Sendable {
  struct Pattern: Sendable {
    /// Nil stands for every one.
    var action: Int32?
    var state: Int32?
    var next: Int32?
    var sight: Int32?
    var value: Double
  }

  var patterns: [Pattern] = []
}

/// Means of amounts over next states and observations.
struct AmountMeans {
  private let patterns: [AmountPatterns.Pattern]
  private let states: Int
  /// The patterns of an action and state, of either alone, and of neither, each in the order of the file.
  private var ofBoth: [Int: [Int32]] = [:]
  private var ofAction: [[Int32]]
  private var ofState: [[Int32]]
  private var ofNeither: [Int32] = []

  init(_ amounts: AmountPatterns, actions: Int, states: Int) {
    patterns = amounts.patterns
    self.states = states
    ofAction = [[Int32]](repeating: [], count: actions)
    ofState = [[Int32]](repeating: [], count: states)
    for (index, pattern) in patterns.enumerated() {
      switch (pattern.action, pattern.state) {
      case (let action?, let state?): ofBoth[Int(action) * states + Int(state), default: []].append(Int32(index))
      case (let action?, nil): ofAction[Int(action)].append(Int32(index))
      case (nil, let state?): ofState[Int(state)].append(Int32(index))
      case (nil, nil): ofNeither.append(Int32(index))
      }
    }
  }

  /// What an action earns in a state on the average.
  ///
  /// - Parameters:
  ///   - law: where the action leads.
  ///   - sights: what is seen in a next state.
  /// - Complexity: O(patterns that apply + next states times observations seen there).
  mutating func mean(
    action: Int, state: Int, law: [(state: Int32, probability: Double)],
    sights: (Int32) -> [(state: Int32, probability: Double)]
  ) -> Double {
    let applying = candidates(action, state)
    if applying.isEmpty { return 0 }
    var places: [Int32: Int] = [:]
    if applying.contains(where: { patterns[Int($0)].next != nil }) {
      for (place, next) in law.enumerated() { places[next.state] = place }
    }
    let looks = applying.contains { patterns[Int($0)].sight != nil }
    // The cells of next state and observation that no later pattern has taken.
    var open = law.map { next in looks ? sights(next.state) : [(state: 0, probability: 1)] }
    var left = open.count
    var mean = 0.0
    for index in applying {
      if left == 0 { break }
      let pattern = patterns[Int(index)]
      let rows: Range<Int>
      if let next = pattern.next {
        guard let place = places[next] else { continue }
        rows = place..<(place + 1)
      } else {
        rows = 0..<law.count
      }
      for row in rows where !open[row].isEmpty {
        var taken = 0.0
        if let sight = pattern.sight {
          guard let place = open[row].firstIndex(where: { $0.state == sight }) else { continue }
          taken = open[row].remove(at: place).probability
        } else {
          for cell in open[row] { taken += cell.probability }
          open[row].removeAll()
        }
        mean += law[row].probability * taken * pattern.value
        if open[row].isEmpty { left -= 1 }
      }
    }
    return mean
  }

  /// The patterns of an action and a state, the last first.
  private func candidates(_ action: Int, _ state: Int) -> [Int32] {
    let all = (ofBoth[action * states + state] ?? []) + ofAction[action] + ofState[state] + ofNeither
    return all.sorted(by: >)
  }
}
