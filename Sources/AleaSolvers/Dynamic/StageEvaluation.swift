import AleaModel

/// What a time-dependent policy makes of a finite horizon: the channels' shares of its value, and where it spends its steps.
public struct StageEvaluation: Sendable {
  /// The expected (discounted) total of each channel from the first step on, one number a state.
  public let channels: [(name: String, totals: [Double])]
  /// The expected (discounted) number of steps spent in each state from the starting law.
  public let occupancy: [Double]

  /// - Parameter choices: the choice of state `s` after `t` steps at `t * stateCount + s`, -1 where there is none.
  /// - Complexity: one pass over the policy's transitions a step and channel.
  public init(_ choices: [Int32], of process: SparseProcess, horizon: Int, discount: Double) {
    let count = process.stateCount
    let successor = process.successor.pointer
    let probability = process.probability.pointer
    func choice(_ step: Int, _ state: Int) -> Int { Int(choices[step * count + state]) }

    channels = process.channels.map { channel in
      var value = [Double](repeating: 0, count: count)
      for step in (0..<horizon).reversed() {
        var earlier = [Double](repeating: 0, count: count)
        for state in 0..<count where choice(step, state) >= 0 {
          let chosen = choice(step, state)
          var later = 0.0
          for transition in process.transitions(of: chosen) {
            later += probability[transition] * value[Int(successor[transition])]
          }
          earlier[state] = channel.reward.pointer[chosen] + discount * later
        }
        value = earlier
      }
      return (channel.name, value)
    }

    var law = [Double](repeating: 0, count: count)
    for start in process.initial { law[Int(start.state)] += start.probability }
    var visits = [Double](repeating: 0, count: count)
    for step in 0..<horizon {
      var next = [Double](repeating: 0, count: count)
      for state in 0..<count where law[state] > 0 && choice(step, state) >= 0 {
        visits[state] += law[state]
        for transition in process.transitions(of: choice(step, state)) {
          next[Int(successor[transition])] += discount * law[state] * probability[transition]
        }
      }
      law = next
    }
    occupancy = visits
  }
}
