import AleaModel

/// Small components in which sweeps converge too slowly: policy iteration with direct solution, refined in double-word arithmetic.
///
/// Slow components are ill-conditioned: a residual of one unit in the last place, over a million steps, is an error of a million
/// units. So values are refined to twice the digits before they are bounded, and bounds come out as wide as doubles are apart.
extension ComponentSolver {
  /// The states of the component being solved, with what is known of them.
  private struct Small {
    let states: UnsafePointer<Int32>
    let count: Int
    let component: Int32
    /// Values inside the component; outside they are those of the solver.
    var value: [DoubleWord]
    var choices: [Int]
  }

  /// Solves a component; false when that fails, with bounds proved before kept as they are.
  func solveDirectly(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double), keeping proved: Bool
  ) -> Bool {
    for position in 0..<count { localIndex.pointer[Int(states[position])] = Int32(position) }
    let component = components.componentOf.pointer[Int(states[0])]
    var small = Small(
      states: states, count: count, component: component, value: [DoubleWord](repeating: DoubleWord(0), count: count), choices: []
    )
    guard let choices = leavingPolicy(small) else { return false }
    small.choices = choices
    for _ in 0..<(20 + 2 * count) {
      guard refine(&small) else { return false }
      if !improvePolicy(&small) { break }
    }
    var tie = 4 * target
    // What counts as a tie narrows until nobody can stay for ever among ties.
    for _ in 0..<12 {
      if let stay = longestStay(small, tie: tie), bound(small, stay, gap, keeping: proved) { return true }
      tie /= 256
    }
    return false
  }

  private func value(_ small: Small, _ state: Int) -> DoubleWord {
    components.componentOf.pointer[state] == small.component
      ? small.value[Int(localIndex.pointer[state])] : DoubleWord(value.pointer[state])
  }

  /// A policy that leaves the component with probability one from each of its states.
  private func leavingPolicy(_ small: Small) -> [Int]? {
    var choices = [Int](repeating: -1, count: small.count)
    var settled = 0
    var progress = true
    while progress && settled < small.count {
      progress = false
      for position in 0..<small.count where choices[position] < 0 {
        let towards = rows.choices(of: Int(small.states[position])).first { choice in
          rows.transitions(of: choice).contains { transition in
            let target = Int(rows.successor[transition])
            return components.componentOf.pointer[target] != small.component || choices[Int(localIndex.pointer[target])] >= 0
          }
        }
        if let towards {
          choices[position] = towards
          settled += 1
          progress = true
        }
      }
    }
    return settled == small.count ? choices : nil
  }

  /// Solves `S x = side + P x` inside the component under the policy.
  private func eliminate(_ small: Small, side: (Int) -> Double) -> [Double]? {
    var system = StateElimination(count: small.count, sides: 1)
    for position in 0..<small.count {
      for transition in rows.transitions(of: small.choices[position]) {
        let p = rows.probability[transition]
        let target = Int(rows.successor[transition])
        if components.componentOf.pointer[target] == small.component {
          system.matrix[position * small.count + Int(localIndex.pointer[target])] += p
        } else {
          system.exit[position] += p
        }
      }
      system.sides[0][position] = side(position)
    }
    return system.solve()?[0]
  }

  /// Brings the values to those of the policy: each round solves for what is missing, which is known to twice the digits.
  private func refine(_ small: inout Small) -> Bool {
    for _ in 0..<4 {
      let current = small
      let correction = eliminate(current) { position in
        -rows.loss(current.choices[position], of: Int(current.states[position]), { self.value(current, $0) }).loss.high
      }
      guard let correction else { return false }
      var changed = false
      for position in 0..<small.count {
        guard correction[position].isFinite else { return false }
        let old = small.value[position]
        small.value[position] = old + DoubleWord(correction[position])
        if correction[position].magnitude > 0x1p-90 * small.value[position].high.magnitude { changed = true }
      }
      if !changed { break }
    }
    return true
  }

  private func improvePolicy(_ small: inout Small) -> Bool {
    var improved = false
    for position in 0..<small.count {
      let state = Int(small.states[position])
      let current = small
      var best = rows.loss(small.choices[position], of: state, { self.value(current, $0) })
      for choice in rows.choices(of: state) where choice != small.choices[position] {
        let other = rows.loss(choice, of: state, { self.value(current, $0) })
        // Differences that rounding explains are no reason to change, or policies could take turns for ever.
        if (best.loss - other.loss).high > 64 * (best.error + other.error) {
          best = other
          small.choices[position] = choice
          improved = true
        }
      }
    }
    return improved
  }

  /// The longest expected number of steps until the component is left, over policies of choices that lose at most `tie` a step.
  private func longestStay(_ small: Small, tie: Double) -> [Double]? {
    var staying = small
    for _ in 0..<(20 + 2 * small.count) {
      guard let stay = eliminate(staying, side: { _ in 1 }) else { return nil }
      var changed = false
      for position in 0..<small.count {
        let state = Int(small.states[position])
        var longest = stay[position] * (1 + 1e-9)
        for choice in rows.choices(of: state) where choice != staying.choices[position] {
          guard rows.loss(choice, of: state, { self.value(small, $0) }).loss.high <= tie else { continue }
          var ahead = 1.0
          for transition in rows.transitions(of: choice) {
            let target = Int(rows.successor[transition])
            if components.componentOf.pointer[target] == small.component {
              ahead += rows.probability[transition] * stay[Int(localIndex.pointer[target])]
            }
          }
          if ahead > longest {
            longest = ahead
            staying.choices[position] = choice
            changed = true
          }
        }
      }
      if !changed { return stay }
    }
    return nil
  }

  /// Proves `v + above + a stay` and `v - below - a stay` to be bounds.
  ///
  /// With `S` the sum of a row, the upper vector is not raised by a choice when `loss + a (S stay(s) - P stay) >= 0`: what the bounds
  /// outside add is added on both sides. The lower one is not lowered when `a (S stay(s) - P stay) >= loss` for the policy's choice.
  private func bound(_ small: Small, _ stay: [Double], _ gap: (above: Double, below: Double), keeping proved: Bool) -> Bool {
    var factor = 0.0
    var slack: [(loss: Double, drop: Double)] = []
    for position in 0..<small.count {
      let state = Int(small.states[position])
      for choice in rows.choices(of: state) {
        let (loss, error) = rows.loss(choice, of: state, { self.value(small, $0) })
        var ahead = 0.0
        var mass = 0.0
        let transitions = rows.transitions(of: choice)
        for transition in transitions {
          let p = rows.probability[transition]
          let target = Int(rows.successor[transition])
          mass += p
          if components.componentOf.pointer[target] == small.component {
            ahead += p * stay[Int(localIndex.pointer[target])]
          }
        }
        let own = mass * stay[position]
        let drop = own - ahead - (Double(transitions.count) + rows.mergedTerms + 6) * Rounding.unit * (own + ahead)
        let least = loss.high - (error + Rounding.unit * loss.high.magnitude)
        slack.append((least, drop))
        if drop > 0.25 { factor = max(factor, -least / drop) }
        if choice == small.choices[position] {
          let most = loss.high + (error + Rounding.unit * loss.high.magnitude)
          slack.append((-most, drop))
          guard drop > 0.25 else { return false }
          factor = max(factor, most / drop)
        }
      }
    }
    factor = max(factor * (1 + 0x1p-40), Double.leastNormalMagnitude)
    for (loss, drop) in slack where !(loss + factor * drop * (drop > 0 ? 1 - 0x1p-50 : 1 + 0x1p-50) >= 0) { return false }
    for position in 0..<small.count {
      let state = Int(small.states[position])
      let value = small.value[position]
      let stretch = factor * stay[position] * (1 + 0x1p-48)
      let below = value.low - gap.below - stretch
      let above = value.low + gap.above + stretch
      let margin = 4 * Rounding.unit * (value.low.magnitude + max(gap.above, gap.below) + stretch)
      var lower = (value.high + (below - margin)).nextDown
      var upper = (value.high + (above + margin)).nextUp
      if proved {
        lower = max(lower, problem.lower.pointer[state])
        upper = min(upper, problem.upper.pointer[state])
      }
      self.value.pointer[state] = min(max(value.high, lower), upper)
      policy.pointer[state] = Int32(small.choices[position])
      setBounds(state, lower, upper)
    }
    return true
  }
}
