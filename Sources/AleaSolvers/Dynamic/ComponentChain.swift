import AleaModel

/// The chain that a policy makes of one component, copied together: sweeps over it touch a fraction of what sweeps over all choices do.
///
/// States with one successor in the component are followed through: their value is a number plus a multiple of the value of the state
/// where the path first branches, so that only branching states are left as unknowns. A sweep then carries news along whole paths.
///
/// Everything here is approximate; what is made of it is proved afterwards.
final class ComponentChain {
  /// How many unknowns are left.
  private(set) var count = 0
  private var stateCount = 0
  /// For each state of the component `x = offset + factor * (the unknown of its end)`.
  private var end = Column<Int32>()
  private var offset = Column<Double>()
  private var factor = Column<Double>()
  /// While paths are followed the next state; otherwise one of ``Link``.
  private var link = Column<Int32>()
  /// The path being followed, then the number of each unknown.
  private var path = Column<Int32>()
  /// The unknowns' rows.
  private var start = Column<UInt32>()
  private var target = Column<Int32>()
  private var weight = Column<Double>()
  private var constant = Column<Double>()
  private var x = Column<Double>()
  private var change = Column<Double>()
  private var before = Column<Double>()

  private enum Link {
    static let settled: Int32 = -1
    static let branching: Int32 = -2
    static let staying: Int32 = -3
    static let open: Int32 = -4
  }

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
    stateCount = count
    resizeStates(count)
    let component = componentOf[Int(states[0])]
    let end = end.pointer
    let offset = offset.pointer
    let factor = factor.pointer
    let link = link.pointer
    var room = 0
    for position in 0..<count {
      let state = Int(states[position])
      let choice = Int(policy[state])
      let transitions = rows.transitions(of: choice)
      var inside = 0
      var next: Int32 = 0
      var share = 0.0
      var mass = 0.0
      var leaving = 0.0
      var sum = 0.0
      for transition in transitions {
        let p = rows.probability[transition]
        let successor = Int(rows.successor[transition])
        mass += p
        if successor == state { continue }
        leaving += p
        if componentOf[successor] == component {
          inside &+= 1
          next = local[successor]
          share = p
        } else if let outside {
          sum += p * outside[successor]
        }
      }
      if leaving > 0 {
        let scale = 1 / leaving
        offset[position] = (gain(choice) * mass + sum) * scale
        factor[position] = share * scale
        link[position] = inside == 0 ? Link.settled : inside == 1 ? next : Link.branching
        if inside == 0 {
          end[position] = -1
          factor[position] = 0
        }
        if inside > 1 { room &+= inside }
      } else {
        // A policy that stays for ever; it is improved away.
        offset[position] = gain(choice)
        link[position] = Link.staying
      }
    }
    followPaths()
    collect(rows, states, component: component, componentOf: componentOf, local: local, policy: policy, from: values, room: room)
  }

  /// Gives each state with a single successor the end of its path. Of a path that closes one state stays unknown.
  private func followPaths() {
    let end = end.pointer
    let offset = offset.pointer
    let factor = factor.pointer
    let link = link.pointer
    let path = path.pointer
    for first in 0..<stateCount where link[first] >= 0 {
      var depth = 0
      var position = first
      while link[position] >= 0 {
        path[depth] = Int32(truncatingIfNeeded: position)
        depth &+= 1
        let next = Int(link[position])
        end[position] = Int32(truncatingIfNeeded: next)
        link[position] = Link.open
        position = next
      }
      if link[position] == Link.open { link[position] = Link.branching }
      while depth > 0 {
        depth &-= 1
        let inner = Int(path[depth])
        if link[inner] == Link.branching { continue }
        let next = Int(end[inner])
        if link[next] == Link.settled {
          offset[inner] += factor[inner] * offset[next]
          factor[inner] *= factor[next]
          end[inner] = end[next]
        }
        link[inner] = Link.settled
      }
    }
  }

  /// Writes the rows of the unknowns.
  private func collect(
    _ rows: Rows, _ states: UnsafePointer<Int32>, component: Int32, componentOf: UnsafePointer<Int32>,
    local: UnsafePointer<Int32>, policy: UnsafePointer<Int32>, from values: UnsafePointer<Double>, room: Int
  ) {
    let end = end.pointer
    let offset = offset.pointer
    let factor = factor.pointer
    let link = link.pointer
    let number = path.pointer
    count = 0
    for position in 0..<stateCount where link[position] != Link.settled {
      number[position] = Int32(truncatingIfNeeded: count)
      count &+= 1
    }
    // A closed path adds a row of one entry, and so does a state that is never left.
    resizeUnknowns(count, entries: room + count)
    let start = start.pointer
    let target = target.pointer
    let weight = weight.pointer
    let constant = constant.pointer
    let x = x.pointer
    var filled = 0
    var row = 0
    start[0] = 0
    for position in 0..<stateCount where link[position] != Link.settled {
      let state = Int(states[position])
      x[row] = values[state]
      var known = offset[position]
      if link[position] == Link.staying {
        target[filled] = Int32(truncatingIfNeeded: row)
        weight[filled] = 1
        filled &+= 1
      } else {
        let transitions = rows.transitions(of: Int(policy[state]))
        var leaving = 0.0
        for transition in transitions where Int(rows.successor[transition]) != state { leaving += rows.probability[transition] }
        let scale = 1 / leaving
        let first = filled
        var back = 0.0
        for transition in transitions {
          let successor = Int(rows.successor[transition])
          guard successor != state, componentOf[successor] == component else { continue }
          var next = Int(local[successor])
          var share = rows.probability[transition] * scale
          if link[next] == Link.settled {
            known += share * offset[next]
            share *= factor[next]
            next = Int(end[next])
          }
          if share == 0 { continue }
          if next == position {
            back += share
          } else {
            target[filled] = number[next]
            weight[filled] = share
            filled &+= 1
          }
        }
        if back > 0 {
          if back < 1 {
            let scale = 1 / (1 - back)
            known *= scale
            for place in first..<filled { weight[place] *= scale }
          } else {
            target[filled] = Int32(truncatingIfNeeded: row)
            weight[filled] = back
            filled &+= 1
          }
        }
      }
      constant[row] = known
      row &+= 1
      start[row] = UInt32(truncatingIfNeeded: filled)
    }
  }

  private func resizeStates(_ count: Int) {
    if end.count >= count { return }
    end = Column(repeating: 0, count: count)
    link = Column(repeating: 0, count: count)
    path = Column(repeating: 0, count: count)
    offset = Column(repeating: 0, count: count)
    factor = Column(repeating: 0, count: count)
  }

  private func resizeUnknowns(_ count: Int, entries: Int) {
    if x.count < count {
      let room = count + count / 4
      start = Column(repeating: 0, count: room + 1)
      constant = Column(repeating: 0, count: room)
      change = Column(repeating: 0, count: room)
      before = Column(repeating: 0, count: room)
      x = Column(repeating: 0, count: room)
    }
    if target.count < entries {
      let room = entries + entries / 4
      target = Column(repeating: 0, count: room)
      weight = Column(repeating: 0, count: room)
    }
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

  /// Copies values back to the states.
  func store(_ states: UnsafePointer<Int32>, into values: UnsafeMutablePointer<Double>) {
    let x = x.pointer
    for position in 0..<stateCount {
      if link.pointer[position] == Link.settled {
        let last = end.pointer[position]
        let ahead = last < 0 ? 0 : factor.pointer[position] * x[Int(path.pointer[Int(last)])]
        values[Int(states[position])] = offset.pointer[position] + ahead
      } else {
        values[Int(states[position])] = x[Int(path.pointer[position])]
      }
    }
  }
}
