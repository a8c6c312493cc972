import AleaModel

/// The loops over the states of one component. They work in place, in the order given, on plain addresses.
extension Rows {
  /// Replaces each state's value by the best of its choices, which becomes its policy; returns the greatest change.
  ///
  /// - Parameter bonus: what every step earns beside its reward.
  func improve(
    _ states: UnsafePointer<Int32>, _ count: Int, _ value: UnsafeMutablePointer<Double>, _ policy: UnsafeMutablePointer<Int32>,
    bonus: Double = 0, backwards: Bool = false
  ) -> Double {
    let choiceStart = choiceStart
    let transitionStart = transitionStart
    let successor = successor
    let probability = probability
    let reward = reward
    var change = 0.0
    var position = backwards ? count &- 1 : 0
    let step = backwards ? -1 : 1
    for _ in 0..<count {
      let state = Int(states[position])
      position &+= step
      var choice = Int(choiceStart[state])
      let choiceEnd = Int(choiceStart[state &+ 1])
      var transition = Int(transitionStart[choice])
      var best = -Double.infinity
      var chosen = choice
      while choice < choiceEnd {
        let end = Int(transitionStart[choice &+ 1])
        var sum = reward[choice] + bonus
        while transition < end {
          sum += probability[transition] * value[Int(successor[transition])]
          transition &+= 1
        }
        if sum > best {
          best = sum
          chosen = choice
        }
        choice &+= 1
      }
      policy[state] = Int32(truncatingIfNeeded: chosen)
      let difference = (best - value[state]).magnitude
      if difference > change { change = difference }
      value[state] = best
    }
    return change
  }

  /// Improves values as ``improve(_:_:_:)`` does, and with them the expected number of steps until the component is left under the
  /// choices that are best up to `tie`; returns the greatest changes of both. The policy becomes the choices that stay longest.
  ///
  /// `steps` is zero outside the component.
  func improve(
    _ states: UnsafePointer<Int32>, _ count: Int, _ value: UnsafeMutablePointer<Double>, steps: UnsafeMutablePointer<Double>,
    tie: Double, _ policy: UnsafeMutablePointer<Int32>
  ) -> (change: Double, growth: Double, longest: Double) {
    var change = 0.0
    var growth = 0.0
    var longest = 0.0
    var position = 0
    while position < count {
      let state = Int(states[position])
      position &+= 1
      var best = -Double.infinity
      var most = steps[state] - 1
      var chosen = -1
      let level = value[state] - tie
      for choice in choices(of: state) {
        var sum = reward[choice]
        var ahead = 0.0
        for transition in transitions(of: choice) {
          let p = probability[transition]
          let target = Int(successor[transition])
          sum += p * value[target]
          ahead += p * steps[target]
        }
        if sum > best { best = sum }
        if sum >= level && (ahead > most || chosen < 0) {
          if ahead > most { most = ahead }
          chosen = choice
        }
      }
      if chosen >= 0 { policy[state] = Int32(truncatingIfNeeded: chosen) }
      let difference = (best - value[state]).magnitude
      if difference > change { change = difference }
      value[state] = best
      let more = 1 + most - steps[state]
      if more > growth { growth = more }
      steps[state] = 1 + most
      if 1 + most > longest { longest = 1 + most }
    }
    return (change, growth, longest)
  }

  /// The greatest amount by which an update, rounded upwards, raises a value; none when the values are proved to be upper bounds.
  func greatestRise(_ states: UnsafePointer<Int32>, _ count: Int, _ upper: UnsafePointer<Double>) -> Double {
    var rise = -Double.infinity
    for position in 0..<count {
      let state = Int(states[position])
      for choice in choices(of: state) {
        let (value, error) = enclosure(choice, upper)
        let above = (value + error) - upper[state]
        // Written so that a NaN counts as a failure.
        if !(above <= rise) { rise = above.isNaN ? .infinity : above }
      }
    }
    return rise
  }

  /// The greatest amount by which an update, rounded downwards, lowers a value; the policy is the best choice of the update.
  func greatestFall(
    _ states: UnsafePointer<Int32>, _ count: Int, _ lower: UnsafePointer<Double>, _ policy: UnsafeMutablePointer<Int32>
  ) -> Double {
    var fall = -Double.infinity
    for position in 0..<count {
      let state = Int(states[position])
      var best = -Double.infinity
      for choice in choices(of: state) {
        let (value, error) = enclosure(choice, lower)
        if value - error > best {
          best = value - error
          policy[state] = Int32(choice)
        }
      }
      let below = lower[state] - best
      if !(below <= fall) { fall = below.isNaN ? .infinity : below }
    }
    return fall
  }

  /// Brings proved bounds together by one update of each, rounded outwards; returns the widest interval left.
  func narrow(
    _ states: UnsafePointer<Int32>, _ count: Int, _ lower: UnsafeMutablePointer<Double>, _ upper: UnsafeMutablePointer<Double>
  ) -> Double {
    var widest = 0.0
    for position in 0..<count {
      let state = Int(states[position])
      var low = -Double.infinity
      var high = -Double.infinity
      for choice in choices(of: state) {
        let (below, belowError) = enclosure(choice, lower)
        let (above, aboveError) = enclosure(choice, upper)
        if below - belowError > low { low = below - belowError }
        if above + aboveError > high { high = above + aboveError }
      }
      if low > lower[state] { lower[state] = low }
      if high < upper[state] { upper[state] = high }
      if upper[state] - lower[state] > widest { widest = upper[state] - lower[state] }
    }
    return widest
  }

  /// How far the bounds of the states that a component leads to lie above and below their values.
  func surroundings(
    _ states: UnsafePointer<Int32>, _ count: Int, componentOf: UnsafePointer<Int32>, value: UnsafePointer<Double>,
    lower: UnsafePointer<Double>, upper: UnsafePointer<Double>
  ) -> (above: Double, below: Double) {
    let component = componentOf[Int(states[0])]
    var above = 0.0
    var below = 0.0
    for position in 0..<count {
      let state = Int(states[position])
      let first = Int(transitionStart[Int(choiceStart[state])])
      let end = Int(transitionStart[Int(choiceStart[state &+ 1])])
      for transition in first..<end {
        let target = Int(successor[transition])
        if componentOf[target] == component { continue }
        above = max(above, upper[target] - value[target])
        below = max(below, value[target] - lower[target])
      }
    }
    return (above, below)
  }
}
