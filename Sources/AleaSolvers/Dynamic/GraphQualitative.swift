import AleaModel

/// A set of states, one byte a state.
public struct StateSet: Sendable {
  /// 1 for the states in the set.
  public let flags: Column<UInt8>

  public init(count: Int) { flags = Column(repeating: 0, count: count) }

  /// All states.
  public init(all count: Int) { flags = Column(repeating: 1, count: count) }

  public init(_ states: some Sequence<Int>, count: Int) {
    self.init(count: count)
    for state in states { flags[state] = 1 }
  }

  public func contains(_ state: Int) -> Bool { flags[state] != 0 }
  public var states: [Int] {
    let (flags, count) = (flags.pointer, flags.count)
    var states: [Int] = []
    for state in 0..<count where flags[state] != 0 { states.append(state) }
    return withExtendedLifetime(self.flags) { states }
  }
}

/// Which states reach a target with probability zero or one, under the best and under the worst policy.
///
/// These sets depend on the graph alone, so they are exact whatever the probabilities. A state without choices that is not a target
/// never reaches it.
/// Source: Baier and Katoen, *Principles of Model Checking* (2008), algorithms 45 and 46; de Alfaro (1997).
public struct QualitativeReachability: Sendable {
  private let process: SparseProcess
  private let predecessors: ChoicePredecessors
  private let target: StateSet
  private let control: WorkControl

  /// - Parameters:
  ///   - predecessors: the choice graph read backwards, of the same process.
  ///   - control: what may end the work: every set is looked for under it.
  public init(
    of process: SparseProcess, predecessors: ChoicePredecessors, target: StateSet, control: WorkControl = WorkControl()
  ) {
    self.process = process
    self.predecessors = predecessors
    self.target = target
    self.control = control
  }

  /// The states from which no policy reaches the target: the greatest probability is zero.
  public func neverReached() throws(WorkCancelled) -> StateSet { complement(try reaching(target, through: nil, allowed: nil)) }

  /// The states from which some policy avoids the target for ever: the least probability is zero.
  public func avoidable() throws(WorkCancelled) -> StateSet {
    // Forced: the target, and states each of whose choices leads into a forced state with positive probability.
    let forced = copy(target)
    let left = Column<Int32>(repeating: 0, count: process.stateCount)
    let counted = Column<UInt8>(zeros: process.choiceCount)
    var work = target.states.map { Int32($0) }
    do {
      defer { withExtendedLifetime((left, counted)) {} }
      let (left, counted, forced) = (left.pointer, counted.pointer, forced.flags.pointer)
      let (start, choices, owner) = (predecessors.start.pointer, predecessors.choices.pointer, predecessors.owner.pointer)
      let choiceStart = process.choiceStart.pointer
      for state in 0..<process.stateCount {
        left[state] = Int32(truncatingIfNeeded: choiceStart[state &+ 1] &- choiceStart[state])
      }
      try exhaust(&work) { state, work in
        for place in Int(start[Int(state)])..<Int(start[Int(state) &+ 1]) {
          let choice = Int(choices[place])
          if counted[choice] != 0 { continue }
          counted[choice] = 1
          let state = Int(owner[choice])
          left[state] &-= 1
          if left[state] == 0 && forced[state] == 0 {
            forced[state] = 1
            work.append(Int32(truncatingIfNeeded: state))
          }
        }
      }
    }
    return complement(forced)
  }

  /// The states from which every policy reaches the target almost surely: the least probability is one.
  public func alwaysReached() throws(WorkCancelled) -> StateSet { try alwaysReached(unless: avoidable()) }

  /// The same when the states that can avoid the target are known.
  func alwaysReached(unless avoidable: StateSet) throws(WorkCancelled) -> StateSet {
    // Left out: whatever can come, before the target is reached, to a state that can avoid it.
    complement(try reaching(avoidable, through: target, allowed: nil))
  }

  /// The states from which some policy reaches the target almost surely: the greatest probability is one.
  public func surelyReachable() throws(WorkCancelled) -> StateSet {
    let allowed = Column<UInt8>(repeating: 1, count: process.choiceCount)
    let left = Column<Int32>(repeating: 0, count: process.stateCount)
    for state in 0..<process.stateCount { left.pointer[state] = Int32(process.choices(of: state).count) }
    let gone = StateSet(count: process.stateCount)
    while true {
      let reaching = try reaching(target, through: nil, allowed: allowed)
      var work: [Int32] = []
      for state in 0..<process.stateCount where reaching.flags.pointer[state] == 0 && gone.flags.pointer[state] == 0 {
        gone.flags.pointer[state] = 1
        work.append(Int32(state))
      }
      if work.isEmpty { return complement(gone) }
      // A choice that may lead to a lost state is no longer safe; a state without safe choices is lost as well.
      try exhaust(&work) { state, work in
        for choice in incoming(Int(state)) where allowed.pointer[choice] != 0 {
          allowed.pointer[choice] = 0
          let owner = Int(predecessors.owner.pointer[choice])
          left.pointer[owner] -= 1
          if left.pointer[owner] == 0 && gone.flags.pointer[owner] == 0 && target.flags.pointer[owner] == 0 {
            gone.flags.pointer[owner] = 1
            work.append(Int32(owner))
          }
        }
      }
    }
  }

  /// The states with a path into `goal` along allowed choices, not passing through states of `barrier` that are not goals.
  private func reaching(_ goal: StateSet, through barrier: StateSet?, allowed: Column<UInt8>?)
    throws(WorkCancelled) -> StateSet
  {
    let reached = copy(goal)
    var work = goal.states.map { Int32($0) }
    do {
      defer { withExtendedLifetime((barrier, allowed)) {} }
      let (start, choices, owner) = (predecessors.start.pointer, predecessors.choices.pointer, predecessors.owner.pointer)
      let (reached, barrier, allowed) = (reached.flags.pointer, barrier?.flags.pointer, allowed?.pointer)
      try exhaust(&work) { state, work in
        for place in Int(start[Int(state)])..<Int(start[Int(state) &+ 1]) {
          let choice = Int(choices[place])
          if let allowed, allowed[choice] == 0 { continue }
          let state = Int(owner[choice])
          if reached[state] != 0 { continue }
          if let barrier, barrier[state] != 0 { continue }
          reached[state] = 1
          work.append(Int32(truncatingIfNeeded: state))
        }
      }
    }
    return reached
  }

  /// Takes states from a list, which may grow, until it is empty.
  @inline(__always)
  private func exhaust(_ work: inout [Int32], _ body: (Int32, inout [Int32]) -> Void) throws(WorkCancelled) {
    while !work.isEmpty {
      try control.check("solving", "looking for states of probability zero and one")
      var left = WorkControl.blockSize
      while left > 0, let state = work.popLast() {
        body(state, &work)
        left &-= 1
      }
    }
  }

  private func incoming(_ state: Int) -> LazyMapSequence<Range<Int>, Int> {
    let choices = predecessors.choices.pointer
    return (Int(predecessors.start.pointer[state])..<Int(predecessors.start.pointer[state + 1])).lazy.map { Int(choices[$0]) }
  }

  private func copy(_ set: StateSet) -> StateSet {
    let result = StateSet(count: set.flags.count)
    result.flags.pointer.update(from: set.flags.pointer, count: set.flags.count)
    return result
  }

  private func complement(_ set: StateSet) -> StateSet {
    let result = StateSet(count: set.flags.count)
    let (from, to) = (set.flags.pointer, result.flags.pointer)
    for state in 0..<set.flags.count { to[state] = 1 - from[state] }
    return result
  }
}
