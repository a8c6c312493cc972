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
    static let open: Int32 = -3
  }

  /// Takes the rows of the policy that was chosen: `x = constant + sum of weight * x`.
  ///
  /// - Parameters:
  ///   - gain: what a step earns beside its reward.
  ///   - rewarded: whether rewards and what lies outside count, or steps only.
  func fill(_ rows: ComponentRows, gain: Double, rewarded: Bool, from values: UnsafePointer<Double>) {
    stateCount = rows.count
    resizeStates(stateCount)
    let (jumps, entryStart, entries, weights) = (rows.jumps, rows.entryStart, rows.entries, rows.weights)
    let (constant, length, exit, policy) = (rows.constant, rows.length, rows.exit, rows.policy)
    let jumpCount = rows.jumpCount
    let end = end.pointer
    let offset = offset.pointer
    let factor = factor.pointer
    let link = link.pointer
    var room = 0
    for position in 0..<stateCount {
      let choice = Int(policy[position])
      if choice < 0 {
        offset[position] = (rewarded ? exit[position] : 0) + gain
        factor[position] = 0
        link[position] = Link.settled
        end[position] = -1
      } else if choice < jumpCount {
        offset[position] = gain
        factor[position] = 1
        link[position] = jumps[choice]
      } else {
        let branch = choice &- jumpCount
        let first = Int(entryStart[branch])
        let inside = Int(entryStart[branch &+ 1]) &- first
        offset[position] = (rewarded ? constant[branch] : 0) + gain * length[branch]
        if inside == 0 {
          factor[position] = 0
          link[position] = Link.settled
          end[position] = -1
        } else if inside == 1 {
          factor[position] = weights[first]
          link[position] = entries[first]
        } else {
          factor[position] = 0
          link[position] = Link.branching
          room &+= inside
        }
      }
    }
    followPaths()
    collect(rows, from: values, room: room)
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
  private func collect(_ rows: ComponentRows, from values: UnsafePointer<Double>, room: Int) {
    let (jumps, entryStart, entries, weights, policy) = (rows.jumps, rows.entryStart, rows.entries, rows.weights, rows.policy)
    let jumpCount = rows.jumpCount
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
    // A closed path adds a row of one entry.
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
      x[row] = values[position]
      var known = offset[position]
      let first = filled
      var back = 0.0
      func add(_ successor: Int, _ probability: Double) {
        var next = successor
        var share = probability
        if link[next] == Link.settled {
          known += share * offset[next]
          share *= factor[next]
          next = Int(end[next])
        }
        if share == 0 { return }
        if next == position {
          back += share
        } else {
          target[filled] = number[next]
          weight[filled] = share
          filled &+= 1
        }
      }
      let choice = Int(policy[position])
      if choice < jumpCount {
        add(Int(jumps[choice]), 1)
      } else {
        let branch = choice &- jumpCount
        for entry in Int(entryStart[branch])..<Int(entryStart[branch &+ 1]) { add(Int(entries[entry]), weights[entry]) }
      }
      if back > 0 {
        if back < 1 {
          let scale = 1 / (1 - back)
          known *= scale
          for place in first..<filled { weight[place] *= scale }
        } else {
          // A policy that stays for ever; it is improved away.
          target[filled] = Int32(truncatingIfNeeded: row)
          weight[filled] = back
          filled &+= 1
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
  /// that was no progress: then ever more sweeps pass before it is tried again, so that what decays faster is gone.
  func relax(until wanted: Double, limit: Int) -> Int {
    var made = 0
    var pause = 16
    var resting = 0
    while made < limit {
      var greatest = 0.0
      for round in 0..<4 { greatest = sweep(backwards: round & 1 == 1) }
      made += 4
      if greatest <= wanted || !greatest.isFinite { break }
      guard made >= resting && made + 12 < limit else { continue }
      _ = measuredSweep()
      let (latest, ratio, cosine) = measuredSweep()
      made += 4
      // Near one the ratio is known only where one direction is all that is left of the changes.
      guard cosine > 0.98 && ratio > 0.1 && ratio < 1, ratio < 0.999 || 1 - cosine < 0.05 * (1 - ratio) else { continue }
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
        pause *= 2
        resting = made + pause
      } else if after <= wanted {
        break
      }
    }
    return made
  }

  /// Copies values back to the members.
  func store(into values: UnsafeMutablePointer<Double>) {
    let (end, offset, factor, link, number) = (end.pointer, offset.pointer, factor.pointer, link.pointer, path.pointer)
    let x = x.pointer
    for position in 0..<stateCount {
      if link[position] == Link.settled {
        let last = Int(end[position])
        values[position] = offset[position] + (last < 0 ? 0 : factor[position] * x[Int(number[last])])
      } else {
        values[position] = x[Int(number[position])]
      }
    }
  }
}
