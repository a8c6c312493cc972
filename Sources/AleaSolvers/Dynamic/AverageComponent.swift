import AleaModel

/// The greatest long-run average reward within one end component, with proved bounds.
///
/// All states of an end component can reach one another, so the greatest gain is the same from each. For any vector `h` it lies between
/// the least and the greatest of `max over c of r + P h - h`; relative value iteration makes the two meet. The iteration moves only part
/// of the way (`P` is replaced by `(1 - t) I + t P`, which changes no gain), so periodic components converge as well. Small components
/// that mix too slowly are solved by policy iteration with ``StateElimination``, and bounded in the same way.
/// Source: Puterman, *Markov Decision Processes* (1994), theorem 8.5.5, propositions 8.5.8 and 8.6.1.
struct AverageComponent {
  private let problem: LocalRows
  private let rows: Rows
  private let count: Int
  private var relative: [Double]
  private(set) var sweeps = 0

  /// What is found: the gain, relative values, and for each local state a local choice of a policy whose gain lies within the bounds.
  struct Answer {
    var lower: Double
    var upper: Double
    var relative: [Double]
    var policy: [Int]
  }

  /// Rows with states and choices renumbered within the component.
  struct LocalRows {
    var choiceStart = Column<UInt32>([0])
    var transitionStart = Column<UInt32>([0])
    var successor = Column<Int32>()
    var probability = Column<Double>()
    var reward = Column<Double>()
    /// The choice of the whole process behind each local choice.
    var origin = Column<Int32>()
    var mergedTerms: Double

    /// Copies the choices marked in `inside` of the states listed; `local` gives the place of each state in the list.
    init(_ rows: Rows, states: UnsafeBufferPointer<Int32>, inside: UnsafePointer<UInt8>, local: UnsafePointer<Int32>) {
      mergedTerms = rows.mergedTerms
      for state in states {
        for choice in rows.choices(of: Int(state)) where inside[choice] != 0 {
          let transitions = rows.transitions(of: choice)
          let targets = successor.reserve(transitions.count)
          let weights = probability.reserve(transitions.count)
          for (place, transition) in transitions.enumerated() {
            targets[place] = local[Int(rows.successor[transition])]
            weights[place] = rows.probability[transition]
          }
          successor.commit(transitions.count)
          probability.commit(transitions.count)
          transitionStart.append(UInt32(successor.count))
          reward.append(rows.reward[choice])
          origin.append(Int32(choice))
        }
        choiceStart.append(UInt32(reward.count))
      }
    }

    var rows: Rows {
      Rows(
        choiceStart: UnsafePointer(choiceStart.pointer), transitionStart: UnsafePointer(transitionStart.pointer),
        successor: UnsafePointer(successor.pointer), probability: UnsafePointer(probability.pointer),
        reward: UnsafePointer(reward.pointer), mergedTerms: mergedTerms)
    }
  }

  init(_ local: LocalRows) {
    problem = local
    rows = local.rows
    count = local.choiceStart.count - 1
    relative = [Double](repeating: 0, count: count)
  }

  /// The choice of the whole process behind a local choice.
  func origin(of choice: Int) -> Int32 { problem.origin.pointer[choice] }

  private static let directCount = 400
  /// How far a sweep moves towards the update.
  private static let stride = 0.9

  /// Bounds the gain to within `precision` on either side where double precision allows; always gives valid bounds.
  mutating func solve(precision: Double, control: WorkControl) throws -> Answer {
    if let same = constantReward() { return same }
    if count > 1 {
      let limit = count <= Self.directCount ? 100 + count : Int.max
      if try !iterate(until: precision, limit: limit, control: control) && count <= Self.directCount {
        let before = bounds()
        let saved = relative
        try improveByPolicies(control)
        let after = bounds()
        if !(after.upper - after.lower < before.upper - before.lower) { relative = saved }
      }
    }
    return bounds()
  }

  /// Where every choice earns the same, so does every policy.
  private func constantReward() -> Answer? {
    let reward = problem.reward
    let first = reward.pointer[0]
    for choice in 1..<max(1, reward.count) where reward.pointer[choice] != first { return nil }
    return Answer(lower: first, upper: first, relative: relative, policy: (0..<count).map { rows.choices(of: $0).lowerBound })
  }

  /// One sweep of all states: moves towards the update and returns the least and greatest of update minus value.
  private func sweep(
    _ value: UnsafePointer<Double>, _ next: UnsafeMutablePointer<Double>, reference: Double
  ) -> (least: Double, greatest: Double) {
    let rows = rows
    var least = Double.infinity
    var greatest = -Double.infinity
    var choice = 0
    var transition = 0
    for state in 0..<count {
      var best = -Double.infinity
      let choiceEnd = Int(rows.choiceStart[state &+ 1])
      while choice < choiceEnd {
        var sum = rows.reward[choice]
        let end = Int(rows.transitionStart[choice &+ 1])
        while transition < end {
          sum += rows.probability[transition] * value[Int(rows.successor[transition])]
          transition &+= 1
        }
        if sum > best { best = sum }
        choice &+= 1
      }
      let gain = best - value[state]
      if gain < least { least = gain }
      if gain > greatest { greatest = gain }
      next[state] = value[state] + Self.stride * gain - reference
    }
    return (least, greatest)
  }

  private mutating func iterate(until precision: Double, limit: Int, control: WorkControl) throws -> Bool {
    var other = relative
    var made = 0
    var work = 0
    var best = Double.infinity
    var stalled = 0
    var reference = 0.0
    while made < limit {
      let (least, greatest) = relative.withUnsafeBufferPointer { value in
        other.withUnsafeMutableBufferPointer { sweep(value.baseAddress!, $0.baseAddress!, reference: reference) }
      }
      swap(&relative, &other)
      reference = Self.stride * (least + (greatest - least) / 2)
      made += 1
      work += problem.successor.count
      if work > 4_000_000 {
        work = 0
        if !control.report(WorkProgress(phase: "solving", detail: "gain within \((greatest - least) / 2) after \(made) sweeps")) {
          throw WorkCancelled(state: "the gain of a component was known within \((greatest - least) / 2)")
        }
      }
      let width = greatest - least
      if width <= precision { break }
      if width < 0.99 * best {
        best = width
        stalled = 0
      } else {
        // Slow mixing goes on improving; this ends only where rounding has taken over.
        stalled += 1
        if stalled > 10_000 { break }
      }
      if !width.isFinite { break }
    }
    sweeps += made
    let (lower, upper) = { ($0.lower, $0.upper) }(bounds())
    return upper - lower <= 2 * precision
  }

  /// Proved bounds on the gain from the relative values, with the policy that attains the lower one.
  private func bounds() -> Answer {
    var answer = Answer(lower: .infinity, upper: -.infinity, relative: relative, policy: [Int](repeating: -1, count: count))
    relative.withUnsafeBufferPointer { buffer in
      let value = buffer.baseAddress!
      for state in 0..<count {
        var low = -Double.infinity
        var high = -Double.infinity
        for choice in rows.choices(of: state) {
          let (q, error) = rows.enclosure(choice, value)
          // The difference to the state's own value rounds once more.
          let own = value[state]
          let gain = q - own
          let slack = error + Rounding.unit * (gain.magnitude + own.magnitude)
          if gain - slack > low || answer.policy[state] < 0 {
            low = max(low, gain - slack)
            answer.policy[state] = choice
          }
          if gain + slack > high { high = gain + slack }
        }
        answer.lower = min(answer.lower, low.nextDown)
        answer.upper = max(answer.upper, high.nextUp)
      }
    }
    return answer
  }

  // MARK: Policy iteration

  /// Replaces the relative values by those of the policy that policy iteration ends with.
  private mutating func improveByPolicies(_ control: WorkControl) throws {
    var policy = bounds().policy
    for _ in 0..<(20 + 2 * count) {
      guard let reference = try makeUnichain(&policy, control), let relative = relativeValues(policy, reference: reference)
      else { return }
      self.relative = relative.values
      var improved = false
      self.relative.withUnsafeBufferPointer { buffer in
        let value = buffer.baseAddress!
        for state in 0..<count {
          let (current, currentError) = rows.enclosure(policy[state], value)
          var best = current
          for choice in rows.choices(of: state) {
            let (q, error) = rows.enclosure(choice, value)
            if q > best && q - current > 4 * (error + currentError) {
              best = q
              policy[state] = choice
              improved = true
            }
          }
        }
      }
      if !improved { return }
    }
  }

  /// Keeps the policy on its recurrent class of greatest gain and, when there are others, leads all other states there; returns a
  /// state of that class.
  private func makeUnichain(_ policy: inout [Int], _ control: WorkControl) throws -> Int? {
    let enabled = Column<UInt8>(repeating: 0, count: problem.reward.count)
    for choice in policy { enabled.pointer[choice] = 1 }
    let classes = try StronglyConnectedComponents(
      of: problem.choiceStart, problem.transitionStart, problem.successor, enabled: enabled, control: control)
    var best: (gain: Double, component: Int)?
    var closed = 0
    for component in 0..<classes.count {
      let members = classes.states(of: component)
      let leaves = members.contains { member in
        rows.transitions(of: policy[Int(member)]).contains {
          classes.componentOf.pointer[Int(rows.successor[$0])] != Int32(component)
        }
      }
      if leaves { continue }
      closed += 1
      guard let gain = gain(of: members, policy) else { return nil }
      if best == nil || gain > best!.gain { best = (gain, component) }
    }
    guard let best else { return nil }
    let kept = classes.states(of: best.component)
    if closed > 1 {
      var leads = [Bool](repeating: false, count: count)
      for state in kept { leads[Int(state)] = true }
      var progress = true
      while progress {
        progress = false
        for state in 0..<count where !leads[state] {
          let towards = rows.choices(of: state).first { choice in
            rows.transitions(of: choice).contains { leads[Int(rows.successor[$0])] }
          }
          if let towards {
            policy[state] = towards
            leads[state] = true
            progress = true
          }
        }
      }
    }
    return Int(kept[0])
  }

  /// The gain of a recurrent class: what is earned until the return to a state, over the time it takes.
  private func gain(of members: UnsafeBufferPointer<Int32>, _ policy: [Int]) -> Double? {
    cycle(members.map { Int($0) }, policy, reference: Int(members[0]))?.gain
  }

  private func relativeValues(_ policy: [Int], reference: Int) -> (gain: Double, values: [Double])? {
    guard let first = cycle(Array(0..<count), policy, reference: reference) else { return nil }
    return (first.gain, first.relative)
  }

  private func cycle(_ members: [Int], _ policy: [Int], reference: Int) -> (gain: Double, relative: [Double])? {
    var place = [Int](repeating: -1, count: count)
    let others = members.filter { $0 != reference }
    for (position, state) in others.enumerated() { place[state] = position }
    var system = StateElimination(count: others.count, sides: 2)
    for (position, state) in others.enumerated() {
      var mass = 0.0
      for transition in rows.transitions(of: policy[state]) {
        let p = rows.probability[transition]
        let target = place[Int(rows.successor[transition])]
        mass += p
        if target >= 0 { system.matrix[position * others.count + target] += p } else { system.exit[position] += p }
      }
      system.sides[0][position] = rows.reward[policy[state]] * mass
      system.sides[1][position] = mass
    }
    var again = system
    guard let solved = system.solve() else { return nil }
    var mass = 0.0
    var earned = 0.0
    var lasting = 0.0
    for transition in rows.transitions(of: policy[reference]) {
      let p = rows.probability[transition]
      let target = place[Int(rows.successor[transition])]
      mass += p
      if target >= 0 {
        earned += p * solved[0][target]
        lasting += p * solved[1][target]
      }
    }
    let gain = (rows.reward[policy[reference]] * mass + earned) / (mass + lasting)
    // Solved again with the gain taken off every step: the difference of two large totals would lose digits.
    for position in 0..<others.count { again.sides[0][position] -= gain * again.sides[1][position] }
    guard let centred = again.solve() else { return nil }
    var relative = [Double](repeating: 0, count: count)
    for (position, state) in others.enumerated() { relative[state] = centred[0][position] }
    return (gain, relative)
  }
}
