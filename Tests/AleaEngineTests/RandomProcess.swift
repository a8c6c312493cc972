import AleaModel

@testable import AleaEngine

/// SplitMix64 (Steele, Lea and Flood, 2014): random models need no more.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A small random process with mixed domains, guards, derived values, state-dependent draws; some of them fault on purpose.
func randomProcess(_ seed: UInt64) -> Process {
  var random = SplitMix(state: seed)
  let b = ModelBuilder("Random\(seed)")
  let stateCount = Int.random(in: 1...3, using: &random)
  let domains: [Domain] = [.boolean, .range(-1, 3), .range(0, 4), .numbers([0, 1, 3, 7])]
  var states: [E] = []
  for index in 0..<stateCount {
    let domain = domains.randomElement(using: &random)!
    let start = domain.value(at: Int.random(in: 0..<domain.count!, using: &random))
    states.append(b.state("s\(index)", domain, start))
  }
  let action = b.action("a", .range(0, Int.random(in: 0...4, using: &random)))
  var known = states + [action]

  func number(_ depth: Int) -> E {
    if depth == 0 || Int.random(in: 0..<5, using: &random) == 0 {
      return Bool.random(using: &random)
        ? known.randomElement(using: &random)! : b[Double(Int.random(in: -2...3, using: &random))]
    }
    switch Int.random(in: 0..<9, using: &random) {
    case 0: return number(depth - 1) + number(depth - 1)
    case 1: return number(depth - 1) - number(depth - 1)
    case 2: return minimum(number(depth - 1), number(depth - 1))
    case 3: return maximum(number(depth - 1), number(depth - 1))
    case 4: return condition(depth - 1).then(number(depth - 1), else: number(depth - 1))
    case 5: return number(depth - 1) * number(depth - 1)
    case 6: return (action == 1).then(number(depth - 1), else: number(depth - 1))
    case 7:
      return maximum(b[0], minimum(b[2], number(depth - 1))).pick([number(depth - 1), number(depth - 1), number(depth - 1)])
    default: return number(depth - 1).apply(.modulo, b[3])
    }
  }
  func condition(_ depth: Int) -> E {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return number(depth) < number(depth)
    case 1: return number(depth) <= number(depth)
    case 2: return number(max(0, depth - 1)) == Double(Int.random(in: 0...2, using: &random))
    default: return (number(depth) < number(depth)) || (number(depth) <= b[1])
    }
  }
  /// A number in 0...1.
  func probability() -> E {
    if Bool.random(using: &random) { return b[[0, 0.25, 0.5, 1].randomElement(using: &random)!] }
    return (maximum(b[-4], minimum(b[4], number(2))) + 4) / 8
  }
  func law(_ depth: Int = 1) -> Distribution {
    switch Int.random(in: 0..<(depth > 0 ? 5 : 4), using: &random) {
    case 0: return b.law(.bernoulli, probability())
    case 1: return b.law(.uniformInteger, b[0], b[Double(Int.random(in: 0...2, using: &random))])
    case 2:
      let p = probability()
      return b.law([(number(1), p), (number(1), b[1] - p)])
    case 3:
      return b.law(
        (0..<3).map { _ in (number(1), number(1).apply(.abs) + 0.5) }, normalized: false)
    default: return .select(condition(1).id, then: law(0), else: law(0))
    }
  }
  func squeezed(_ value: E, _ domain: Domain) -> E {
    switch domain {
    case .range(let low, let high): minimum(maximum(value, b[Double(low)]), b[Double(high)])
    case .boolean: (value > 1)
    case .numbers(let values): maximum(b[0], minimum(b[Double(values.count - 1)], value)).pick(values.map { b[$0] })
    default: value
    }
  }

  b.process.availability.append((condition(1) || (action == 0)).id)
  for index in 0..<Int.random(in: 0...2, using: &random) { known.append(b.draw("d\(index)", .integers, law())) }
  if Bool.random(using: &random) { known.append(b.value("v", .integers, number(2))) }
  // One process in eight may leave a domain.
  let mayFault = Int.random(in: 0..<8, using: &random) == 0
  for state in states {
    let domain = b.process[state.variable!].domain
    let value = number(2)
    b.next(state, mayFault && domain.type == .integer ? value : squeezed(value, domain))
  }
  b.reward("r", number(2))
  b.reward("s", number(1) * 0.5 - known.randomElement(using: &random)!)
  if Bool.random(using: &random) { b.terminal(states[0] == Double(Int.random(in: 1...3, using: &random))) }
  return b.process
}
