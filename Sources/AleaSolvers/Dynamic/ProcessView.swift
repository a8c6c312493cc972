import AleaModel

/// The addresses of a process's rows, for kernels; valid while the process and the reward column live.
struct ProcessView: @unchecked Sendable {
  let choiceStart: UnsafePointer<UInt32>
  let transitionStart: UnsafePointer<UInt32>
  let successor: UnsafePointer<Int32>
  let probability: UnsafePointer<Double>
  let reward: UnsafePointer<Double>
  let stateCount: Int

  init(_ process: SparseProcess, reward: Column<Double>) {
    choiceStart = UnsafePointer(process.choiceStart.pointer)
    transitionStart = UnsafePointer(process.transitionStart.pointer)
    successor = UnsafePointer(process.successor.pointer)
    probability = UnsafePointer(process.probability.pointer)
    self.reward = UnsafePointer(reward.pointer)
    stateCount = process.stateCount
  }

  @inline(__always) func isTerminal(_ state: Int) -> Bool { choiceStart[state] == choiceStart[state &+ 1] }
}

/// A vector of one double a state, shared by the threads of a sweep.
struct StateVector: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  let count: Int

  static func allocate(_ count: Int) -> StateVector {
    StateVector(pointer: .allocate(capacity: max(count, 1)), count: count)
  }
  func deallocate() { pointer.deallocate() }
  func fill(_ value: Double) { pointer.update(repeating: value, count: count) }

  @inline(__always) subscript(state: Int) -> Double {
    get { pointer[state] }
    nonmutating set { pointer[state] = newValue }
  }
}
