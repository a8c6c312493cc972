import AleaModel

/// The loops over the states of one component. They work in place, in the order given, on plain addresses.
extension Rows {
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
}
