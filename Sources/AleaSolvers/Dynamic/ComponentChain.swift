import AleaModel

/// The chain that a policy makes of one component, copied together: sweeps over it touch a fraction of what sweeps over all choices do.
///
/// Everything here is approximate; what is made of it is proved afterwards.
final class ComponentChain {
  private(set) var count = 0
  private var start = Column<UInt32>()
  private var target = Column<Int32>()
  private var weight = Column<Double>()
  private var constant = Column<Double>()
  private var change = Column<Double>()
  private var before = Column<Double>()
  /// The unknowns, in the order of the component's states.
  private(set) var x = Column<Double>()

  /// Takes the policy's rows: `x = constant + sum of weight * x`, with loops from a state to itself solved for.
  ///
  /// - Parameters:
  ///   - gain: what a choice earns a step.
  ///   - outside: values where the policy leaves the component; nil for none.
  func fill(
    _ rows: Rows, _ states: UnsafePointer<Int32>, _ count: Int, componentOf: UnsafePointer<Int32>,
    local: UnsafePointer<Int32>, policy: UnsafePointer<Int32>, gain: (Int) -> Double, outside: UnsafePointer<Double>?,
    from values: UnsafePointer<Double>
  ) {
    let component = componentOf[Int(states[0])]
    resize(count)
    // Room for all transitions of the component at once, so that addresses stay.
    var room = 0
    for position in 0..<count { room &+= max(1, rows.transitions(of: Int(policy[Int(states[position])])).count) }
    if target.count < room {
      target = Column(repeating: 0, count: room + room / 4)
      weight = Column(repeating: 0, count: room + room / 4)
    }
    let target = target.pointer
    let weight = weight.pointer
    let start = start.pointer
    let constant = constant.pointer
    let x = x.pointer
    var filled = 0
    start[0] = 0
    for position in 0..<count {
      let state = Int(states[position])
      let choice = Int(policy[state])
      let transitions = rows.transitions(of: choice)
      let targets = target + filled
      let weights = weight + filled
      var written = 0
      var mass = 0.0
      var leaving = 0.0
      var sum = 0.0
      for transition in transitions {
        let p = rows.probability[transition]
        let next = Int(rows.successor[transition])
        mass += p
        if next == state { continue }
        leaving += p
        if componentOf[next] == component {
          targets[written] = local[next]
          weights[written] = p
          written &+= 1
        } else if let outside {
          sum += p * outside[next]
        }
      }
      if leaving > 0 {
        let scale = 1 / leaving
        for place in 0..<written { weights[place] *= scale }
        constant[position] = (gain(choice) * mass + sum) * scale
      } else {
        // A policy that stays for ever; it is improved away.
        targets[0] = Int32(position)
        weights[0] = 1
        written = 1
        constant[position] = gain(choice)
      }
      filled &+= written
      start[position &+ 1] = UInt32(filled)
      x[position] = values[state]
    }
  }

  private func resize(_ count: Int) {
    self.count = count
    if x.count >= count { return }
    start = Column(repeating: 0, count: count + 1)
    constant = Column(repeating: 0, count: count)
    change = Column(repeating: 0, count: count)
    before = Column(repeating: 0, count: count)
    x = Column(repeating: 0, count: count)
  }

  /// One sweep in place, forwards or backwards; returns the greatest change.
  private func sweep(backwards: Bool) -> Double {
    let start = start.pointer
    let target = target.pointer
    let weight = weight.pointer
    let constant = constant.pointer
    let x = x.pointer
    var greatest = 0.0
    var position = backwards ? count &- 1 : 0
    let step = backwards ? -1 : 1
    for _ in 0..<count {
      var sum = constant[position]
      var place = Int(start[position])
      let end = Int(start[position &+ 1])
      while place < end {
        sum += weight[place] * x[Int(target[place])]
        place &+= 1
      }
      let difference = (sum - x[position]).magnitude
      if difference > greatest { greatest = difference }
      x[position] = sum
      position &+= step
    }
    return greatest
  }

  /// A pair of sweeps that also remembers how they changed the unknowns; returns the greatest change, the ratio to the change before
  /// along its direction, and the cosine between the two.
  private func measuredSweep() -> (greatest: Double, ratio: Double, cosine: Double) {
    let x = x.pointer
    let change = change.pointer
    let before = before.pointer
    before.update(from: x, count: count)
    let greatest = max(sweep(backwards: false), sweep(backwards: true))
    var along = 0.0
    var old = 0.0
    var new = 0.0
    for position in 0..<count {
      let difference = x[position] - before[position]
      along += difference * change[position]
      old += change[position] * change[position]
      new += difference * difference
      change[position] = difference
    }
    guard old > 0 && new > 0 else { return (greatest, 0, 0) }
    return (greatest, along / old, along / (old * new).squareRoot())
  }

  /// Sweeps until the greatest change is at most `wanted`, or `limit` sweeps are made; returns how many were.
  ///
  /// When successive changes point the same way, the rest of the geometric series is added at once (Aitken 1926), and taken back when
  /// that was no progress.
  func relax(until wanted: Double, limit: Int) -> Int {
    var made = 0
    var extrapolates = true
    while made < limit {
      var greatest = 0.0
      for round in 0..<4 { greatest = sweep(backwards: round & 1 == 1) }
      made += 4
      if greatest <= wanted || !greatest.isFinite { break }
      guard extrapolates && made + 12 < limit else { continue }
      _ = measuredSweep()
      let (latest, ratio, cosine) = measuredSweep()
      made += 4
      guard cosine > 0.98 && ratio > 0.1 && ratio < 0.999 else { continue }
      let factor = ratio / (1 - ratio)
      let x = x.pointer
      let change = change.pointer
      let before = before.pointer
      for position in 0..<count {
        before[position] = x[position]
        x[position] += factor * change[position]
      }
      var after = 0.0
      for round in 0..<4 { after = sweep(backwards: round & 1 == 1) }
      made += 4
      if !(after < latest) {
        x.update(from: before, count: count)
        extrapolates = false
      } else if after <= wanted {
        break
      }
    }
    return made
  }

  /// Copies the unknowns back to the states.
  func store(_ states: UnsafePointer<Int32>, into values: UnsafeMutablePointer<Double>) {
    for position in 0..<count { values[Int(states[position])] = x.pointer[position] }
  }
}
