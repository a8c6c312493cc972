import AleaModel
import AleaSyntax

/// Evaluates the expressions of a process in fractions, one state of affairs at a time.
///
/// Functions whose values are in general no fractions are refused by name, at the place where they are used.
struct ExactEvaluator {
  /// The values of the variables, by ``VariableID/index``.
  struct Environment {
    var current: [Rational?]
    var next: [Rational?]
    var time: Rational
  }

  let process: Process
  let constants: ExactConstants
  private(set) var environment: Environment
  /// Values of expressions, good while their stamp is the present one.
  private var known: [Rational]
  private var stamp: [Int]
  private var present = 1
  /// Stamps of constants never grow old.
  private static let forEver = Int.max

  init(_ process: Process, _ constants: ExactConstants) {
    self.process = process
    self.constants = constants
    let count = process.variables.count
    environment = Environment(
      current: Array(repeating: nil, count: count), next: Array(repeating: nil, count: count), time: .zero)
    known = Array(repeating: .zero, count: process.pool.nodes.count)
    stamp = Array(repeating: 0, count: process.pool.nodes.count)
  }

  // MARK: Leaves

  mutating func clear() {
    for index in environment.current.indices {
      environment.current[index] = nil
      environment.next[index] = nil
    }
    environment.time = .zero
    present += 1
  }

  mutating func enter(_ variables: [VariableID], _ values: [Double], time: Int) throws {
    clear()
    environment.time = Rational(time)
    try assign(variables, values)
  }

  mutating func assign(_ variables: [VariableID], _ values: [Double]) throws {
    for (id, value) in zip(variables, values) {
      environment.current[Int(id.index)] = try constant(value, at: process[id].span)
    }
    present += 1
  }

  mutating func set(_ slot: Slot, _ value: Rational) {
    switch slot {
    case .current(let id): environment.current[Int(id.index)] = value
    case .next(let id): environment.next[Int(id.index)] = value
    }
    present += 1
  }

  /// Makes the next values of the states the current ones; nothing else is known then.
  mutating func arrive(_ states: [VariableID], time: Int?) {
    let next = environment.next
    clear()
    for id in states { environment.current[Int(id.index)] = next[Int(id.index)] }
    environment.time = Rational(time ?? 0)
  }

  mutating func restore(_ saved: Environment) {
    environment = saved
    present += 1
  }

  /// The number that a constant of the model stands for.
  func constant(_ number: Double, at span: SourceSpan?) throws -> Rational {
    do throws(ExactConstants.Refusal) {
      return try constants.value(of: number)
    } catch {
      throw Diagnostic.error("no exact answer: \(error.message)", at: span)
    }
  }

  // MARK: Expressions

  mutating func value(_ id: ExpressionID) throws -> Rational {
    let index = Int(id.index)
    let age = stamp[index]
    if age == present || age == Self.forEver { return known[index] }
    let node = process.pool.nodes[index]
    let result: Rational
    switch node.kind {
    case .constant(let number):
      result = try constant(number, at: node.span)
      known[index] = result
      stamp[index] = Self.forEver
      return result
    case .variable(let variable): return try leaf(environment.current[Int(variable.index)], process[variable].name, node)
    case .next(let variable): return try leaf(environment.next[Int(variable.index)], process[variable].name + "'", node)
    case .time: return environment.time
    case .unary(let function, let a):
      let x = try value(a)
      result = try placed(node) { () throws(ExactConstants.Refusal) in try function.exact(x) }
    case .binary(.and, let a, let b): result = try value(a).isZero ? .zero : value(b)
    case .binary(.or, let a, let b): result = try value(a) == .one ? .one : value(b)
    case .binary(let function, let a, let b):
      let x = try value(a)
      let y = try value(b)
      result = try placed(node) { () throws(ExactConstants.Refusal) in try function.exact(x, y) }
    case .select(let condition, let a, let b): result = try value(condition).isZero ? value(b) : value(a)
    case .gather(let place, let elements): result = try value(elements[try position(place, elements.count, node)])
    case .lookup(let table, let place):
      let entries = process.pool.tables[Int(table)]
      result = try constant(entries[try position(place, entries.count, node)], at: node.span)
    case .ternary(let function, _, _, _):
      throw Diagnostic.error("no exact answer: `\(function.rawValue)` is in general no fraction", at: node.span)
    }
    known[index] = result
    stamp[index] = present
    return result
  }

  private func leaf(_ value: Rational?, _ name: String, _ node: ExpressionNode) throws -> Rational {
    guard let value else { throw Diagnostic.error("`\(name)` has no value here", at: node.span) }
    return value
  }

  private mutating func position(_ id: ExpressionID, _ count: Int, _ node: ExpressionNode) throws -> Int {
    let place = try value(id)
    guard let index = place.whole, index >= 0, index < count else {
      throw Diagnostic.error("index \(place) is outside its array", at: node.span)
    }
    return index
  }

  private func placed(
    _ node: ExpressionNode, _ body: () throws(ExactConstants.Refusal) -> Rational
  ) throws -> Rational {
    do throws(ExactConstants.Refusal) {
      return try body()
    } catch {
      throw Diagnostic.error("no exact answer: \(error.message)", at: node.span)
    }
  }

  // MARK: Draws

  /// The outcomes of a law with their probabilities, those of probability zero left out.
  mutating func support(_ law: Distribution) throws -> [(value: Rational, weight: Rational)] {
    switch law {
    case .primitive(let family, let parameters): return try support(family, parameters)
    case .finite(let outcomes, let isNormalized):
      var result: [(value: Rational, weight: Rational)] = []
      var sum = Rational.zero
      for outcome in outcomes {
        let weight = try value(outcome.weight)
        guard weight >= .zero else {
          throw Diagnostic.error("a probability is \(weight)", at: process.pool[outcome.weight].span, label: "must lie in 0..1")
        }
        sum += weight
        if !weight.isZero { result.append((try value(outcome.value), weight)) }
      }
      let place = outcomes.first.flatMap { process.pool[$0.weight].span }
      if isNormalized {
        guard sum == .one else {
          throw Diagnostic.error(
            "no exact answer: the probabilities sum to \(sum) exactly, not to 1", at: place,
            notes: ["`Categorical(values, weights)` divides the weights by their sum"])
        }
        return result
      }
      return try divided(result, by: sum, at: place)
    case .select(let condition, let a, let b): return try support(try value(condition).isZero ? b : a)
    case .mixture(let components):
      var result: [(value: Rational, weight: Rational)] = []
      var sum = Rational.zero
      for component in components {
        let weight = try value(component.weight)
        if weight.isZero { continue }
        sum += weight
        result += try support(component.distribution).map { ($0.value, $0.weight * weight) }
      }
      return try divided(result, by: sum, at: components.first.flatMap { process.pool[$0.weight].span })
    case .truncated(let base, let low, let high):
      let (lower, upper) = (try value(low), try value(high))
      let inside = try support(base).filter { $0.value >= lower && $0.value <= upper }
      return try divided(inside, by: inside.reduce(.zero) { $0 + $1.weight }, at: process.pool[low].span)
    }
  }

  private func divided(
    _ outcomes: [(value: Rational, weight: Rational)], by sum: Rational, at span: SourceSpan?
  ) throws -> [(value: Rational, weight: Rational)] {
    guard let scale = sum.inverse else { throw Diagnostic.error("all weights are zero", at: span) }
    return outcomes.map { ($0.value, $0.weight * scale) }
  }

  private static let mostOutcomes = 1_000_000

  private mutating func support(
    _ family: DistributionFamily, _ parameters: [ExpressionID]
  ) throws -> [(value: Rational, weight: Rational)] {
    let span = parameters.first.flatMap { process.pool[$0].span }
    var values: [Rational] = []
    for parameter in parameters { values.append(try value(parameter)) }
    func probability(_ p: Rational) throws -> Rational {
      guard p >= .zero, p <= .one else { throw Diagnostic.error("\(p) is not a probability", at: span) }
      return p
    }
    func listed(_ outcomes: [(value: Rational, weight: Rational)]) -> [(value: Rational, weight: Rational)] {
      outcomes.filter { !$0.weight.isZero }
    }
    switch family {
    case .bernoulli:
      let p = try probability(values[0])
      return listed([(.zero, .one - p), (.one, p)])
    case .binomial:
      let p = try probability(values[1])
      guard let n = values[0].whole, n >= 0, n <= 10_000 else {
        throw Diagnostic.error("no exact answer: \(values[0]) trials cannot be listed", at: span)
      }
      guard let odds = p.divided(by: .one - p), var weight = (Rational.one - p).power(n) else { return [(Rational(n), .one)] }
      var result: [(value: Rational, weight: Rational)] = []
      for k in 0...n {
        result.append((Rational(k), weight))
        if let ratio = Rational(n - k).divided(by: Rational(k + 1)) { weight *= ratio * odds }
      }
      return listed(result)
    case .uniformInteger:
      guard let low = values[0].whole, let high = values[1].whole, high >= low, high - low < Self.mostOutcomes,
        let share = Rational(high - low + 1).inverse
      else { throw Diagnostic.error("no exact answer: \(values[0])..\(values[1]) cannot be listed", at: span) }
      return (low...high).map { (Rational($0), share) }
    default:
      throw Diagnostic.error(
        "no exact answer: `\(SupportExpander.name(of: family))` has infinitely many outcomes", at: span,
        notes: ["leave out `by: Exact()`: the other methods bound what is cut off"])
    }
  }
}
