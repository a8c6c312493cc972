import AleaNumerics

/// What a sweep saw: how far values moved, and how large they are. Terminal states do not count.
struct SweepOutcome: Sendable {
  /// The least and greatest of new less old value.
  var leastChange = Double.infinity
  var greatestChange = -Double.infinity
  /// The largest magnitude among new values.
  var magnitude = 0.0
  /// States whose recorded choice changed.
  var switches = 0

  var isEmpty: Bool { leastChange > greatestChange }
  var spread: Double { isEmpty ? 0 : greatestChange - leastChange }
  var largestMove: Double { isEmpty ? 0 : max(abs(leastChange), abs(greatestChange)) }

  mutating func include(_ other: SweepOutcome) {
    leastChange = min(leastChange, other.leastChange)
    greatestChange = max(greatestChange, other.greatestChange)
    magnitude = max(magnitude, other.magnitude)
    switches += other.switches
  }
}

/// The one loop that every dynamic-programming method runs: a backup of every state, with exchangeable rules.
///
/// Plain addresses, `while` and wrapping additions: the same machine code as the C loop. States are independent in a Jacobi sweep, so
/// the result has the same bits on any number of threads.
struct SweepKernel<Rule: Backup, Law: Expectation>: Sendable {
  let view: ProcessView
  let discount: Double
  let rule: Rule
  let law: Law

  /// Backs up every state from `value` into `next`, recording choices in `policy`.
  func jacobi(
    from value: StateVector, into next: StateVector, policy: UnsafeMutablePointer<Int32>, threads: Int
  ) -> SweepOutcome {
    nonisolated(unsafe) let policy = policy
    let parts = Parallel.blocks(of: view.stateCount, size: 256, threads: threads) { range in
      backUp(range, UnsafePointer(value.pointer), next.pointer, policy)
    }
    return parts.reduce(into: SweepOutcome()) { $0.include($1) }
  }

  /// Backs up a block of states.
  private func backUp(
    _ range: Range<Int>, _ value: UnsafePointer<Double>, _ next: UnsafeMutablePointer<Double>,
    _ policy: UnsafeMutablePointer<Int32>
  ) -> SweepOutcome {
    let (choiceStart, transitionStart, reward) = (view.choiceStart, view.transitionStart, view.reward)
    var (least, greatest, top, switches) = (Double.infinity, -Double.infinity, 0.0, 0)
    var (state, end) = (range.lowerBound, range.upperBound)
    var choice = Int(choiceStart[state])
    while state < end {
      let choiceEnd = Int(choiceStart[state &+ 1])
      guard choice < choiceEnd else {
        next[state] = 0
        state &+= 1
        continue
      }
      var running = rule.start
      if Rule.isFixed {
        let chosen = Int(policy[state])
        let row = Range(uncheckedBounds: (Int(transitionStart[chosen]), Int(transitionStart[chosen &+ 1])))
        rule.take(reward[chosen] + discount * law(view, row, value), choice: chosen, &running)
        choice = choiceEnd
      } else {
        var rowStart = Int(transitionStart[choice])
        while choice < choiceEnd {
          let rowEnd = Int(transitionStart[choice &+ 1])
          let row = Range(uncheckedBounds: (rowStart, rowEnd))
          rule.take(reward[choice] + discount * law(view, row, value), choice: choice, &running)
          rowStart = rowEnd
          choice &+= 1
        }
      }
      let updated = rule.value(running)
      let change = updated - value[state]
      if change < least { least = change }
      if change > greatest { greatest = change }
      let size = abs(updated)
      if size > top { top = size }
      next[state] = updated
      if Rule.selects {
        let chosen = rule.choice(running)
        if policy[state] != chosen {
          policy[state] = chosen
          switches &+= 1
        }
      }
      state &+= 1
    }
    end = state
    return SweepOutcome(leastChange: least, greatestChange: greatest, magnitude: top, switches: switches)
  }

  /// Backs up states one after another in place, so that later ones use the new values of earlier ones (Gauss-Seidel).
  ///
  /// Runs on one thread: in-place updates have a fixed order, which is what makes them repeatable.
  ///
  /// - Parameter order: the states in the order in which they are updated; nil for their own.
  func inPlace(
    _ value: StateVector, policy: UnsafeMutablePointer<Int32>, order: UnsafeBufferPointer<Int32>? = nil
  ) -> SweepOutcome {
    var outcome = SweepOutcome()
    let vector = value.pointer
    let count = order?.count ?? view.stateCount
    var position = 0
    while position < count {
      let state = order.map { Int($0[position]) } ?? position
      let part = backUp(state..<(state &+ 1), UnsafePointer(vector), vector, policy)
      if part.leastChange < outcome.leastChange { outcome.leastChange = part.leastChange }
      if part.greatestChange > outcome.greatestChange { outcome.greatestChange = part.greatestChange }
      position &+= 1
    }
    return outcome
  }
}
