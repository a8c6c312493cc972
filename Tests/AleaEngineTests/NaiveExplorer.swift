import AleaModel

@testable import AleaEngine

/// The plainest way to explore: dictionaries of lists, expressions walked anew, every outcome on its own. Shares no code with the
/// engine beyond the meaning of scalar functions.
struct NaiveExplorer {
  let process: Process
  var states: [[Double]] = []
  var rows: [[(action: [Double], next: [(state: Int, probability: Double)], rewards: [Double])]] = []
  private var numbers: [[Double]: Int] = [:]

  struct Failure: Error {}

  init(_ process: Process) { self.process = process }

  private func value(_ id: ExpressionID, _ now: [Double], _ next: [Double]) throws -> Double {
    let result: Double
    switch process.pool[id].kind {
    case .constant(let value): result = value
    case .variable(let variable): result = now[Int(variable.index)]
    case .next(let variable): result = next[Int(variable.index)]
    case .time: throw Failure()
    case .unary(let function, let a): result = function(try value(a, now, next))
    case .binary(.and, let a, let b): result = try value(a, now, next) == 0 ? 0 : value(b, now, next)
    case .binary(.or, let a, let b): result = try value(a, now, next) == 1 ? 1 : value(b, now, next)
    case .binary(let function, let a, let b): result = function(try value(a, now, next), try value(b, now, next))
    case .select(let c, let a, let b): result = try value(try value(c, now, next) != 0 ? a : b, now, next)
    case .gather(let index, let elements):
      let position = try value(index, now, next)
      guard elements.indices.contains(Int(position)) else { throw Failure() }
      result = try value(elements[Int(position)], now, next)
    case .ternary(let function, let a, let b, let c):
      result = function(try value(a, now, next), try value(b, now, next), try value(c, now, next))
    case .lookup(let table, let index):
      let position = try value(index, now, next)
      guard process.pool.tables[Int(table)].indices.contains(Int(position)) else { throw Failure() }
      result = process.pool.tables[Int(table)][Int(position)]
    }
    if result.isNaN { throw Failure() }
    return result
  }

  private func draws(_ law: Distribution, _ read: (ExpressionID) throws -> Double) throws -> [(Double, Double)] {
    switch law {
    case .primitive(.bernoulli, let parameters):
      let p = try read(parameters[0])
      guard (0...1).contains(p) else { throw Failure() }
      return [(0, 1 - p), (1, p)].filter { $0.1 > 0 }
    case .primitive(.uniformInteger, let parameters):
      let low = Int(try read(parameters[0]))
      let high = Int(try read(parameters[1]))
      guard low <= high else { throw Failure() }
      return (low...high).map { (Double($0), 1 / Double(high - low + 1)) }
    case .finite(let outcomes, let isNormalized):
      let weights = try outcomes.map { try read($0.weight) }
      let sum = weights.reduce(0, +)
      guard weights.allSatisfy({ $0 >= 0 }), isNormalized ? abs(sum - 1) < 1e-9 : sum > 0 else { throw Failure() }
      return try zip(outcomes, weights).filter { $0.1 > 0 }.map { (try read($0.0.value), isNormalized ? $0.1 : $0.1 / sum) }
    case .select(let condition, let a, let b): return try draws(try read(condition) != 0 ? a : b, read)
    default: throw Failure()
    }
  }

  private mutating func number(_ state: [Double]) -> Int {
    if let known = numbers[state] { return known }
    numbers[state] = states.count
    states.append(state)
    return states.count - 1
  }

  mutating func explore(limit: Int) throws {
    let stateIDs = process.variables(with: .state)
    let actionIDs = process.variables(with: .action)
    let nothing = [Double](repeating: .nan, count: process.variables.count)
    var starts: [[Double]] = [[]]
    for id in stateIDs {
      switch process[id].mechanism {
      case .value(let expression):
        let start = try value(expression, nothing, nothing)
        starts = starts.map { $0 + [start] }
      default: throw Failure()
      }
    }
    for start in starts { _ = number(start) }
    var current = 0
    while current < states.count {
      guard states.count <= limit else { throw Failure() }
      var now = nothing
      for (id, value) in zip(stateIDs, states[current]) { now[Int(id.index)] = value }
      var choices: [(action: [Double], next: [(state: Int, probability: Double)], rewards: [Double])] = []
      if try process.terminal.map({ try value($0, now, nothing) }) ?? 0 == 0 {
        var actions: [[Double]] = [[]]
        for id in actionIDs {
          actions = actions.flatMap { prefix in
            (0..<process[id].domain.count!).map { prefix + [process[id].domain.value(at: $0)] }
          }
        }
        for action in actions {
          for (id, value) in zip(actionIDs, action) { now[Int(id.index)] = value }
          var isAvailable = true
          for condition in process.availability where isAvailable { isAvailable = try value(condition, now, nothing) != 0 }
          guard isAvailable else { continue }
          var outcomes = [(now: now, next: nothing, probability: 1.0)]
          for slot in process.stepOrder {
            var widened: [(now: [Double], next: [Double], probability: Double)] = []
            for outcome in outcomes {
              let mechanism: Mechanism
              switch slot {
              case .current(let id): mechanism = process[id].mechanism
              case .next(let id): mechanism = process[id].next!
              }
              let values: [(Double, Double)]
              switch mechanism {
              case .value(let expression): values = [(try value(expression, outcome.now, outcome.next), 1)]
              case .draw(let law): values = try draws(law) { try value($0, outcome.now, outcome.next) }
              default: throw Failure()
              }
              for (value, probability) in values {
                var extended = outcome
                extended.probability *= probability
                switch slot {
                case .current(let id): extended.now[Int(id.index)] = value
                case .next(let id):
                  guard process[id].domain.contains(value) else { throw Failure() }
                  extended.next[Int(id.index)] = value
                }
                widened.append(extended)
              }
            }
            outcomes = widened
          }
          var next: [(state: Int, probability: Double)] = []
          var rewards = [Double](repeating: 0, count: process.channels.count)
          for outcome in outcomes {
            let target = number(stateIDs.map { outcome.next[Int($0.index)] })
            if let place = next.firstIndex(where: { $0.state == target }) {
              next[place].probability += outcome.probability
            } else {
              next.append((target, outcome.probability))
            }
            for (index, channel) in process.channels.enumerated() {
              rewards[index] += outcome.probability * (try value(channel.amount, outcome.now, outcome.next))
            }
          }
          choices.append((action, next, rewards))
        }
      }
      rows.append(choices)
      current += 1
    }
  }
}
