import AleaModel

/// The rows of one component, copied together in the order of its members: what sweeps over it work on.
///
/// Successors are numbered within the component; what a choice earns and what it is worth outside is one number; loops from a state to
/// itself are solved for. A choice that leads to one state for sure and earns nothing is that state's number alone, and choices that
/// leave the component at once are drawn together into the best of them. That is a fraction of the bytes of the rows themselves,
/// which lie scattered.
///
/// Everything here is approximate; what is made of it is proved afterwards on the rows themselves.
final class ComponentRows {
  private(set) var count = 0
  /// The values of the members.
  private let valueColumn = Column<Double>()
  /// The expected steps of the members until the component is left.
  private let stepColumn = Column<Double>()
  /// The chosen choice of each member: the place of a jump, the number of a branch plus ``jumpCount``, or ``leaving``.
  private let policyColumn = Column<Int32>()
  private(set) var jumpCount = 0
  private let jumpStarts = Column<UInt32>()
  private let jumpTargets = Column<Int32>()
  private let branchStarts = Column<UInt32>()
  private let branchConstants = Column<Double>()
  private let branchLengths = Column<Double>()
  private let entryStarts = Column<UInt32>()
  private let entryTargets = Column<Int32>()
  private let entryWeights = Column<Double>()
  private let exitValues = Column<Double>()

  /// The choice that leaves the component at once.
  static let leaving: Int32 = -1

  var values: UnsafeMutablePointer<Double> { valueColumn.pointer }
  var steps: UnsafeMutablePointer<Double> { stepColumn.pointer }
  var policy: UnsafePointer<Int32> { UnsafePointer(policyColumn.pointer) }
  /// The jumps of member `m` are `jumpStart[m] ..< jumpStart[m + 1]`.
  var jumpStart: UnsafePointer<UInt32> { UnsafePointer(jumpStarts.pointer) }
  var jumps: UnsafePointer<Int32> { UnsafePointer(jumpTargets.pointer) }
  /// The other choices of member `m` with successors inside are `branchStart[m] ..< branchStart[m + 1]`.
  var branchStart: UnsafePointer<UInt32> { UnsafePointer(branchStarts.pointer) }
  /// What a branch earns, with what lies outside.
  var constant: UnsafePointer<Double> { UnsafePointer(branchConstants.pointer) }
  /// The expected steps before a branch leads to another state.
  var length: UnsafePointer<Double> { UnsafePointer(branchLengths.pointer) }
  /// The successors of branch `b` inside are `entryStart[b] ..< entryStart[b + 1]`.
  var entryStart: UnsafePointer<UInt32> { UnsafePointer(entryStarts.pointer) }
  var entries: UnsafePointer<Int32> { UnsafePointer(entryTargets.pointer) }
  var weights: UnsafePointer<Double> { UnsafePointer(entryWeights.pointer) }
  /// The best choice of a member that leaves at once; minus infinity where there is none.
  var exit: UnsafePointer<Double> { UnsafePointer(exitValues.pointer) }

  /// Copies a component; returns how far the bounds of the states that it leads to lie above and below their values.
  ///
  /// - Parameter local: filled in with the places of the members.
  func fill(
    _ rows: Rows, _ states: UnsafePointer<Int32>, _ count: Int, componentOf: UnsafePointer<Int32>,
    local: UnsafeMutablePointer<Int32>, value: UnsafePointer<Double>, lower: UnsafePointer<Double>, upper: UnsafePointer<Double>
  ) -> (above: Double, below: Double) {
    self.count = count
    let component = componentOf[Int(states[0])]
    var choiceCount = 0
    var transitionCount = 0
    for position in 0..<count {
      let state = Int(states[position])
      local[state] = Int32(truncatingIfNeeded: position)
      let choices = rows.choices(of: state)
      choiceCount &+= choices.count
      transitionCount &+= Int(rows.transitionStart[choices.upperBound]) &- Int(rows.transitionStart[choices.lowerBound])
    }
    let values = valueColumn.reserve(count)
    _ = stepColumn.reserve(count)
    policyColumn.reserve(count).update(repeating: Self.leaving, count: count)
    let jumpStart = jumpStarts.reserve(count + 1)
    let jumps = jumpTargets.reserve(choiceCount)
    let branchStart = branchStarts.reserve(count + 1)
    let constant = branchConstants.reserve(choiceCount)
    let length = branchLengths.reserve(choiceCount)
    let entryStart = entryStarts.reserve(choiceCount + 1)
    let entries = entryTargets.reserve(transitionCount)
    let weights = entryWeights.reserve(transitionCount)
    let exit = exitValues.reserve(count)
    var above = 0.0
    var below = 0.0
    var jumpTotal = 0
    var branch = 0
    var filled = 0
    jumpStart[0] = 0
    branchStart[0] = 0
    entryStart[0] = 0
    for position in 0..<count {
      let state = Int(states[position])
      values[position] = value[state]
      var best = -Double.infinity
      for choice in rows.choices(of: state) {
        let first = filled
        var mass = 0.0
        var elsewhere = 0.0
        var outside = 0.0
        for transition in rows.transitions(of: choice) {
          let p = rows.probability[transition]
          let successor = Int(rows.successor[transition])
          mass += p
          if successor == state { continue }
          elsewhere += p
          if componentOf[successor] == component {
            entries[filled] = local[successor]
            weights[filled] = p
            filled &+= 1
          } else {
            let known = value[successor]
            outside += p * known
            above = max(above, upper[successor] - known)
            below = max(below, known - lower[successor])
          }
        }
        // Who only ever returns to the same state loses without limit.
        if elsewhere == 0 { continue }
        let gain = rows.reward[choice]
        if filled == first &+ 1, weights[first] == 1, gain == 0, mass == 1 {
          jumps[jumpTotal] = entries[first]
          jumpTotal &+= 1
          filled = first
        } else if filled == first, mass == elsewhere {
          best = max(best, gain + outside)
        } else {
          let scale = 1 / elsewhere
          // Without a loop rows count as they are stored.
          let hasLoop = mass != elsewhere
          constant[branch] = hasLoop ? (gain * mass + outside) * scale : gain + outside
          length[branch] = hasLoop ? mass * scale : 1
          if hasLoop { for place in first..<filled { weights[place] *= scale } }
          branch &+= 1
          entryStart[branch] = UInt32(truncatingIfNeeded: filled)
        }
      }
      exit[position] = best
      jumpStart[position &+ 1] = UInt32(truncatingIfNeeded: jumpTotal)
      branchStart[position &+ 1] = UInt32(truncatingIfNeeded: branch)
    }
    jumpCount = jumpTotal
    return (above, below)
  }

  /// Copies the values back to the states.
  func store(_ states: UnsafePointer<Int32>, into value: UnsafeMutablePointer<Double>) {
    let values = values
    for position in 0..<count { value[Int(states[position])] = values[position] }
  }

  /// Replaces each value by the best of the choices; returns the greatest change.
  ///
  /// - Parameters:
  ///   - bonus: what every step earns beside its reward.
  ///   - choosing: whether the best choices become the policy.
  func improve(bonus: Double = 0, backwards: Bool = false, choosing: Bool = true) -> Double {
    choosing ? sweep(bonus, backwards, choosing: true) : sweep(bonus, backwards, choosing: false)
  }

  @inline(__always)
  private func sweep(_ bonus: Double, _ backwards: Bool, choosing: Bool) -> Double {
    let (jumpStart, jumps, branchStart, entryStart) = (jumpStart, jumps, branchStart, entryStart)
    let (entries, weights, constant, length, exit) = (entries, weights, constant, length, exit)
    let values = values
    let policy = policyColumn.pointer
    let jumpCount = jumpCount
    var change = 0.0
    var position = backwards ? count &- 1 : 0
    let step = backwards ? -1 : 1
    for _ in 0..<count {
      var best = exit[position]
      var chosen = Int(Self.leaving)
      var place = Int(jumpStart[position])
      let end = Int(jumpStart[position &+ 1])
      while place < end {
        let value = values[Int(jumps[place])]
        if choosing { chosen = value > best ? place : chosen }
        best = value > best ? value : best
        place &+= 1
      }
      best += bonus
      var branch = Int(branchStart[position])
      let last = Int(branchStart[position &+ 1])
      if branch < last {
        var entry = Int(entryStart[branch])
        while branch < last {
          let end = Int(entryStart[branch &+ 1])
          var sum = constant[branch] + bonus * length[branch]
          while entry < end {
            sum += weights[entry] * values[Int(entries[entry])]
            entry &+= 1
          }
          if choosing { chosen = sum > best ? jumpCount &+ branch : chosen }
          best = sum > best ? sum : best
          branch &+= 1
        }
      }
      if choosing { policy[position] = Int32(truncatingIfNeeded: chosen) }
      let difference = (best - values[position]).magnitude
      change = difference > change ? difference : change
      values[position] = best
      position &+= step
    }
    return change
  }

  /// Improves values as ``improve(bonus:backwards:choosing:)`` does, and with them the expected number of steps until the component is
  /// left under the choices that are best up to `tie`; returns the greatest changes of both. The policy becomes the choices that stay
  /// longest.
  func improveWithSteps(tie: Double) -> (change: Double, growth: Double, longest: Double) {
    let values = values
    let steps = steps
    let policy = policyColumn.pointer
    var change = 0.0
    var growth = 0.0
    var longest = 0.0
    for position in 0..<count {
      let level = values[position] - tie
      var best = -Double.infinity
      var most = steps[position]
      var chosen: Int32?
      func consider(_ choice: Int, _ value: Double, _ ahead: Double) {
        if value > best { best = value }
        if value >= level && (ahead > most || chosen == nil) {
          if ahead > most { most = ahead }
          chosen = Int32(truncatingIfNeeded: choice)
        }
      }
      for place in Int(jumpStart[position])..<Int(jumpStart[position &+ 1]) {
        let target = Int(jumps[place])
        consider(place, values[target], 1 + steps[target])
      }
      for branch in Int(branchStart[position])..<Int(branchStart[position &+ 1]) {
        var sum = constant[branch]
        var ahead = length[branch]
        for entry in Int(entryStart[branch])..<Int(entryStart[branch &+ 1]) {
          let target = Int(entries[entry])
          sum += weights[entry] * values[target]
          ahead += weights[entry] * steps[target]
        }
        consider(jumpCount &+ branch, sum, ahead)
      }
      if exit[position] > -.infinity { consider(Int(Self.leaving), exit[position], 1) }
      if let chosen { policy[position] = chosen }
      change = max(change, (best - values[position]).magnitude)
      values[position] = best
      growth = max(growth, most - steps[position])
      steps[position] = most
      longest = max(longest, most)
    }
    return (change, growth, longest)
  }

  /// The largest value.
  var magnitude: Double {
    let values = values
    var largest = 0.0
    for position in 0..<count { largest = max(largest, values[position].magnitude) }
    return largest
  }
}
