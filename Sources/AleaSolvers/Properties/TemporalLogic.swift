/// Formulas of linear temporal logic in negation normal form, each held once.
///
/// A formula is a disjunction of conjunctions of operators, none of which contains another: a normal form, so that formulas that
/// agree as combinations of their operators have the same number. What a formula asks of the rest of a run once a state has been seen
/// is its derivative; there are finitely many.
/// Source: Esparza, Kretinsky and Sickert, *One theorem to rule them all: a unified translation of LTL into omega-automata*, LICS 2018.
struct TemporalLogic: Sendable {
  /// The number of a formula.
  typealias Formula = Int
  /// The number of an operator with its operands.
  typealias Node = Int

  enum Operator: Hashable, Sendable {
    case literal(proposition: Int, isTrue: Bool)
    /// There is one more state, whichever.
    case anything
    case next(Formula)
    /// The second comes, and until then the first holds.
    case until(Formula, Formula)
    /// The first holds until the second comes, or for ever.
    case weakUntil(Formula, Formula)
    /// The second holds up to and including the moment of the first, or for ever.
    case release(Formula, Formula)
    /// The second holds up to and including the moment of the first, which comes.
    case strongRelease(Formula, Formula)

    /// Whether something has to come some time.
    var isPromise: Bool {
      switch self {
      case .until, .strongRelease: true
      default: false
      }
    }
    /// Whether something may have to hold for ever.
    var isInvariant: Bool {
      switch self {
      case .weakUntil, .release: true
      default: false
      }
    }
  }

  /// A formula has outgrown what is worked with.
  struct TooLarge: Error {}

  static let no: Formula = 0
  static let yes: Formula = 1

  private(set) var nodes: [Operator] = []
  private(set) var clauses: [[[Node]]] = [[], [[]]]
  private var nodeNumbers: [Operator: Node] = [:]
  private var formulaNumbers: [[[Node]]: Formula] = [[]: 0, [[]]: 1]
  /// Whether `X true` is known to be true a step later only, as PRISM has it where rewards are collected until then.
  let countsSteps: Bool
  private var derivatives: [Derivative: Formula] = [:]

  private struct Derivative: Hashable {
    var formula: Formula
    var valuation: UInt64
  }

  /// The most conjunctions of one formula.
  private static let mostClauses = 2_000

  init(countsSteps: Bool = false) { self.countsSteps = countsSteps }

  // MARK: Building

  private mutating func formula(_ operation: Operator) -> Formula {
    let node: Node
    if let known = nodeNumbers[operation] {
      node = known
    } else {
      node = nodes.count
      nodes.append(operation)
      nodeNumbers[operation] = node
    }
    return number([[node]])
  }

  private mutating func number(_ clauses: [[Node]]) -> Formula {
    if let known = formulaNumbers[clauses] { return known }
    self.clauses.append(clauses)
    formulaNumbers[clauses] = self.clauses.count - 1
    return self.clauses.count - 1
  }

  mutating func literal(_ proposition: Int, _ isTrue: Bool) -> Formula {
    formula(.literal(proposition: proposition, isTrue: isTrue))
  }

  mutating func or(_ a: Formula, _ b: Formula) throws(TooLarge) -> Formula {
    if a == b || b == Self.no || a == Self.yes { return a }
    if a == Self.no || b == Self.yes { return b }
    return number(try minimal(clauses[a] + clauses[b]))
  }

  mutating func and(_ a: Formula, _ b: Formula) throws(TooLarge) -> Formula {
    if a == b || b == Self.yes || a == Self.no { return a }
    if a == Self.yes || b == Self.no { return b }
    guard clauses[a].count * clauses[b].count <= Self.mostClauses * 8 else { throw TooLarge() }
    var result: [[Node]] = []
    for first in clauses[a] {
      for second in clauses[b] {
        let both = Set(first).union(second).sorted()
        if !contradicts(both) { result.append(both) }
      }
    }
    return number(try minimal(result))
  }

  /// Whether a proposition stands in a conjunction both ways.
  private func contradicts(_ clause: [Node]) -> Bool {
    var seen: [Int: Bool] = [:]
    for node in clause {
      guard case .literal(let proposition, let isTrue) = nodes[node] else { continue }
      if let other = seen[proposition], other != isTrue { return true }
      seen[proposition] = isTrue
    }
    return false
  }

  /// Leaves out what contains another: the prime implicants of a monotone function.
  private func minimal(_ all: [[Node]]) throws(TooLarge) -> [[Node]] {
    var result: [(clause: [Node], set: Set<Node>)] = []
    for clause in Set(all).sorted(by: { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }) {
      let set = Set(clause)
      if !result.contains(where: { $0.set.isSubset(of: set) }) { result.append((clause, set)) }
      if result.count > Self.mostClauses { throw TooLarge() }
    }
    return result.map(\.clause)
  }

  mutating func next(_ a: Formula) -> Formula {
    if a == Self.no { return a }
    if a == Self.yes { return countsSteps ? formula(.next(formula(.anything))) : a }
    return formula(.next(a))
  }

  mutating func until(_ a: Formula, _ b: Formula) -> Formula {
    if b == Self.no || b == Self.yes || a == Self.no || a == b { return b }
    // F F b, and F G F b.
    if a == Self.yes, let inner = single(b), isEventually(inner) || isRecurrence(inner) { return b }
    return formula(.until(a, b))
  }

  mutating func weakUntil(_ a: Formula, _ b: Formula) -> Formula {
    if a == Self.yes || b == Self.yes { return Self.yes }
    if a == Self.no || a == b { return b }
    // G G a, and G F G a.
    if b == Self.no, let inner = single(a), isAlways(inner) || isPersistence(inner) { return a }
    return formula(.weakUntil(a, b))
  }

  mutating func release(_ a: Formula, _ b: Formula) -> Formula {
    if b == Self.no || b == Self.yes || a == Self.yes || a == b { return b }
    return a == Self.no ? weakUntil(b, Self.no) : formula(.release(a, b))
  }

  mutating func strongRelease(_ a: Formula, _ b: Formula) -> Formula {
    if a == Self.no || b == Self.no { return Self.no }
    if a == Self.yes || a == b { return b }
    return b == Self.yes ? until(Self.yes, a) : formula(.strongRelease(a, b))
  }

  private func single(_ formula: Formula) -> Operator? {
    guard clauses[formula].count == 1, clauses[formula][0].count == 1 else { return nil }
    return nodes[clauses[formula][0][0]]
  }

  private func isEventually(_ operation: Operator) -> Bool {
    if case .until(Self.yes, _) = operation { true } else { false }
  }
  private func isAlways(_ operation: Operator) -> Bool {
    if case .weakUntil(_, Self.no) = operation { true } else { false }
  }
  private func isRecurrence(_ operation: Operator) -> Bool {
    guard case .weakUntil(let inner, Self.no) = operation else { return false }
    return single(inner).map(isEventually) ?? false
  }
  private func isPersistence(_ operation: Operator) -> Bool {
    guard case .until(Self.yes, let inner) = operation else { return false }
    return single(inner).map(isAlways) ?? false
  }

  // MARK: Derivatives

  /// What is left to ask of the rest of a run after a state in which the propositions of `valuation` hold.
  mutating func derivative(_ formula: Formula, _ valuation: UInt64) throws(TooLarge) -> Formula {
    if formula == Self.yes || formula == Self.no { return formula }
    let key = Derivative(formula: formula, valuation: valuation)
    if let known = derivatives[key] { return known }
    var result = Self.no
    for clause in clauses[formula] {
      var all = Self.yes
      for node in clause where all != Self.no { all = try and(all, try derivative(of: node, valuation)) }
      result = try or(result, all)
    }
    derivatives[key] = result
    return result
  }

  private mutating func derivative(of node: Node, _ valuation: UInt64) throws(TooLarge) -> Formula {
    let own = number([[node]])
    switch nodes[node] {
    case .literal(let proposition, let isTrue): return (valuation >> UInt64(proposition) & 1 == 1) == isTrue ? Self.yes : Self.no
    case .anything: return Self.yes
    case .next(let inner): return inner
    case .until(let a, let b), .weakUntil(let a, let b):
      let first = try and(try derivative(a, valuation), own)
      return try or(try derivative(b, valuation), first)
    case .release(let a, let b), .strongRelease(let a, let b):
      let first = try or(try derivative(a, valuation), own)
      return try and(try derivative(b, valuation), first)
    }
  }

  // MARK: Parts

  /// The operators of a formula, at any depth, that are promises or invariants.
  func parts(of formula: Formula) -> (promises: [Node], invariants: [Node]) {
    var seen = Set<Node>()
    var visited = Set<Formula>()
    var work = [formula]
    while let next = work.popLast() {
      guard visited.insert(next).inserted else { continue }
      for node in clauses[next].joined() where seen.insert(node).inserted {
        switch nodes[node] {
        case .literal, .anything: break
        case .next(let inner): work.append(inner)
        case .until(let a, let b), .weakUntil(let a, let b), .release(let a, let b), .strongRelease(let a, let b):
          work += [a, b]
        }
      }
    }
    return (seen.filter { nodes[$0].isPromise }.sorted(), seen.filter { nodes[$0].isInvariant }.sorted())
  }

  func formula(of node: Node) -> Formula? { formulaNumbers[[[node]]] }

  /// A formula in which the promises kept again and again are only invariants any more, and all others are given up.
  mutating func assuming(promises: Set<Node>, in formula: Formula) throws(TooLarge) -> Formula {
    try replaced(formula) { logic, node throws(TooLarge) in
      switch logic.nodes[node] {
      case .until(let a, let b):
        guard promises.contains(node) else { return Self.no }
        return logic.weakUntil(
          try logic.assuming(promises: promises, in: a), try logic.assuming(promises: promises, in: b))
      case .strongRelease(let a, let b):
        guard promises.contains(node) else { return Self.no }
        return logic.release(try logic.assuming(promises: promises, in: a), try logic.assuming(promises: promises, in: b))
      case .weakUntil(let a, let b):
        return logic.weakUntil(
          try logic.assuming(promises: promises, in: a), try logic.assuming(promises: promises, in: b))
      case .release(let a, let b):
        return logic.release(try logic.assuming(promises: promises, in: a), try logic.assuming(promises: promises, in: b))
      case .next(let a): return logic.next(try logic.assuming(promises: promises, in: a))
      case .literal, .anything: return logic.number([[node]])
      }
    }
  }

  /// A formula in which the invariants that hold from some time on are taken for granted, and all others must end.
  mutating func assuming(invariants: Set<Node>, in formula: Formula) throws(TooLarge) -> Formula {
    try replaced(formula) { logic, node throws(TooLarge) in
      switch logic.nodes[node] {
      case .weakUntil(let a, let b):
        if invariants.contains(node) { return Self.yes }
        return logic.until(
          try logic.assuming(invariants: invariants, in: a), try logic.assuming(invariants: invariants, in: b))
      case .release(let a, let b):
        if invariants.contains(node) { return Self.yes }
        return logic.strongRelease(
          try logic.assuming(invariants: invariants, in: a), try logic.assuming(invariants: invariants, in: b))
      case .until(let a, let b):
        return logic.until(
          try logic.assuming(invariants: invariants, in: a), try logic.assuming(invariants: invariants, in: b))
      case .strongRelease(let a, let b):
        return logic.strongRelease(
          try logic.assuming(invariants: invariants, in: a), try logic.assuming(invariants: invariants, in: b))
      case .next(let a): return logic.next(try logic.assuming(invariants: invariants, in: a))
      case .literal, .anything: return logic.number([[node]])
      }
    }
  }

  private mutating func replaced(
    _ formula: Formula, _ replacement: (inout TemporalLogic, Node) throws(TooLarge) -> Formula
  ) throws(TooLarge) -> Formula {
    var result = Self.no
    for clause in clauses[formula] {
      var all = Self.yes
      for node in clause where all != Self.no { all = try and(all, try replacement(&self, node)) }
      result = try or(result, all)
    }
    return result
  }
}
