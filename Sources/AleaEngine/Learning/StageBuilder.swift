import AleaModel
import AleaSyntax

/// Gathers the values of a round into programs, and compiles them once it is known what is read.
struct StageBuilder {
  struct Root {
    var expression: ExpressionID
    var check: Domain?
    var slot: Slot?
    var column: Int?
  }

  struct DrawSpec {
    var law: Distribution
    var slot: Slot
    var target: Int
    var parameters: [ExpressionID: Int]
  }

  struct Spec {
    var roots: [Root]
    var draws: [DrawSpec] = []
  }

  indirect enum UpdateSpec {
    case assign(Spec, hasPosition: Bool, targets: [[Int]], SourceSpan?)
    case conditional(Spec, then: [UpdateSpec], else: [UpdateSpec])
  }

  var process: Process
  /// The variables whose draws come from the policy's stream.
  let own: Set<VariableID>
  var columns: [ExpressionKind: Int] = [:]
  private(set) var columnCount = 0
  /// Expressions of the time alone, and the leaf that stands for each in other programs.
  private var invariants: [(expression: ExpressionID, leaf: VariableID)] = []
  private var invariantLeaf: [ExpressionID: VariableID] = [:]
  private var invariantInterval: [VariableID: Interval] = [:]

  init(process: Process, own: Set<VariableID>) {
    self.process = process
    self.own = own
  }

  mutating func newColumn() -> Int {
    columnCount += 1
    return columnCount - 1
  }

  mutating func column(_ slot: Slot) -> Int {
    let leaf: ExpressionKind =
      switch slot {
      case .current(let id): .variable(id)
      case .next(let id): .next(id)
      }
    return column(leaf)
  }

  private mutating func column(_ leaf: ExpressionKind) -> Int {
    if let known = columns[leaf] { return known }
    let new = newColumn()
    columns[leaf] = new
    return new
  }

  /// Copies expressions of another pool that extends this one's process.
  mutating func importing(_ roots: [ExpressionID], from pool: ExpressionPool) -> [ExpressionID] {
    var image: [ExpressionID: ExpressionID] = [:]
    for id in pool.reachable(from: roots) {
      let node = pool[id]
      switch node.kind {
      case .constant(let value): image[id] = process.pool.constant(value, type: node.type, span: node.span)
      case .variable, .next, .time: image[id] = process.pool.intern(node.kind, type: node.type, span: node.span)
      case .unary(let function, let a): image[id] = process.pool.unary(function, image[a]!, type: node.type, span: node.span)
      case .binary(let function, let a, let b):
        image[id] = process.pool.binary(function, image[a]!, image[b]!, type: node.type, span: node.span)
      case .select(let c, let a, let b):
        image[id] = process.pool.select(image[c]!, image[a]!, image[b]!, type: node.type, span: node.span)
      case .gather(let index, let elements):
        image[id] = process.pool.gather(image[index]!, elements.map { image[$0]! }, type: node.type, span: node.span)
      case .lookup(let table, let index):
        let copied = process.pool.addTable(pool.tables[Int(table)])
        image[id] = process.pool.lookup(copied, image[index]!, type: node.type, span: node.span)
      case .ternary(let function, let a, let b, let c):
        image[id] = process.pool.ternary(function, image[a]!, image[b]!, image[c]!, span: node.span)
      }
    }
    return roots.map { image[$0]! }
  }

  // MARK: Specifications

  /// Groups slots: values are written out into those that use them until a draw stands between.
  mutating func specs(for slots: [Slot], mechanism: (VariableID) -> Mechanism) throws -> [Spec] {
    var result: [Spec] = []
    var current = Spec(roots: [])
    var inlined: [ExpressionKind: ExpressionID] = [:]
    var pending = Set<ExpressionKind>()
    func rewritten(_ expressions: [ExpressionID]) -> [ExpressionID] {
      process.pool.rewriting(expressions) { inlined[$0] }
    }
    func flush() {
      if !current.roots.isEmpty || !current.draws.isEmpty { result.append(current) }
      current = Spec(roots: [])
      inlined = [:]
      pending = []
    }
    for slot in slots {
      let (leaf, found, domain): (ExpressionKind, Mechanism, Domain) =
        switch slot {
        case .current(let id): (.variable(id), mechanism(id), process[id].domain)
        case .next(let id): (.next(id), process[id].next ?? .unspecified, process[id].domain)
        }
      var expressions = rewritten(found.expressions)
      if !process.pool.leaves(of: expressions).isDisjoint(with: pending) {
        flush()
        expressions = found.expressions
      }
      let column = self.column(slot)
      switch found {
      case .value:
        let isOwnValue = if case .current(let id) = slot { own.contains(id) && process[id].role != .action } else { false }
        // A policy's own values may be infinite: an index that has not been tried.
        current.roots.append(Root(expression: expressions[0], check: isOwnValue ? nil : domain, slot: slot, column: column))
        inlined[leaf] = expressions[0]
      case .draw(let law):
        let image = Dictionary(zip(found.expressions, expressions), uniquingKeysWith: { first, _ in first })
        let drawn = law.mapExpressions { image[$0]! }
        var parameters: [ExpressionID: Int] = [:]
        for expression in Set(drawn.expressions).sorted() where process.pool.constant(expression) == nil {
          let column = newColumn()
          parameters[expression] = column
          current.roots.append(Root(expression: expression, check: nil, slot: nil, column: column))
        }
        current.draws.append(DrawSpec(law: drawn, slot: slot, target: column, parameters: parameters))
        pending.insert(leaf)
      case .chosen, .unspecified:
        if case .current(let id) = slot {
          throw Diagnostic.error(
            "`\(process[id].name)` has no mechanism, so the model cannot be simulated", at: process[id].span,
            notes: process[id].role == .action ? ["the policy does not choose it"] : [])
        }
      }
    }
    flush()
    return result
  }

  mutating func updateSpecs(_ updates: [Learner.Update]) -> [UpdateSpec] {
    updates.map { update in
      switch update {
      case .conditional(let test, let first, let second):
        return .conditional(
          Spec(roots: [Root(expression: test, column: newColumn())]), then: updateSpecs(first), else: updateSpecs(second))
      case .assign(let assignment):
        var roots: [Root] = []
        if let position = assignment.position { roots.append(Root(expression: position, column: newColumn())) }
        for part in assignment.parts { roots.append(Root(expression: part.value, column: newColumn())) }
        let targets = assignment.parts.map { part in part.targets.map { column(.variable($0)) } }
        return .assign(Spec(roots: roots), hasPosition: assignment.position != nil, targets: targets, assignment.span)
      }
    }
  }

  // MARK: What is read

  private func leavesRead(by spec: Spec) -> Set<ExpressionKind> {
    process.pool.leaves(of: spec.roots.map(\.expression) + spec.draws.flatMap(\.law.expressions))
  }

  func readColumns(_ specs: [Spec]) -> Set<Int> {
    var result = Set<Int>()
    for spec in specs { for leaf in leavesRead(by: spec) { if let column = columns[leaf] { result.insert(column) } } }
    return result
  }

  func readColumns(ofUpdates updates: [UpdateSpec]) -> Set<Int> {
    updates.reduce(into: Set<Int>()) { result, update in
      switch update {
      case .assign(let spec, _, _, _): result.formUnion(readColumns([spec]))
      case .conditional(let spec, let first, let second):
        result.formUnion(readColumns([spec]))
        result.formUnion(readColumns(ofUpdates: first))
        result.formUnion(readColumns(ofUpdates: second))
      }
    }
  }

  // MARK: Compiling

  private func interval(_ leaf: ExpressionKind) -> Interval {
    switch leaf {
    case .variable(let id):
      if let known = invariantInterval[id] { return known }
      // What a policy's own value or memory is may be anything but a fault.
      return Interval(process[id].domain)
    case .next(let id): return Interval(process[id].domain)
    default: return Interval(0, 0x1p53, isInteger: true)
    }
  }

  /// Replaces what depends on the time alone by leaves that are filled once a round.
  private mutating func hoisted(_ roots: [ExpressionID]) -> [ExpressionID] {
    var dependsOnTimeAlone: [ExpressionID: Bool] = [:]
    let order = process.pool.reachable(from: roots)
    for id in order {
      switch process.pool[id].kind {
      case .constant: dependsOnTimeAlone[id] = false
      case .time: dependsOnTimeAlone[id] = true
      case .variable, .next: dependsOnTimeAlone[id] = false
      default:
        let operands = process.pool.operands(of: id)
        dependsOnTimeAlone[id] =
          operands.contains { dependsOnTimeAlone[$0] == true }
          && operands.allSatisfy { dependsOnTimeAlone[$0] == true || process.pool.constant($0) != nil }
      }
    }
    var image: [ExpressionID: ExpressionID] = [:]
    for id in order {
      let node = process.pool[id]
      if dependsOnTimeAlone[id] == true, node.kind != .time {
        image[id] = process.pool.intern(.variable(standIn(for: id)), type: node.type, span: node.span)
        continue
      }
      switch node.kind {
      case .constant, .variable, .next, .time: image[id] = id
      case .unary(let function, let a): image[id] = process.pool.unary(function, image[a]!, type: node.type, span: node.span)
      case .binary(let function, let a, let b):
        image[id] = process.pool.binary(function, image[a]!, image[b]!, type: node.type, span: node.span)
      case .select(let c, let a, let b):
        image[id] = process.pool.select(image[c]!, image[a]!, image[b]!, type: node.type, span: node.span)
      case .gather(let index, let elements):
        image[id] = process.pool.gather(image[index]!, elements.map { image[$0]! }, type: node.type, span: node.span)
      case .lookup(let table, let index): image[id] = process.pool.lookup(table, image[index]!, type: node.type, span: node.span)
      case .ternary(let function, let a, let b, let c):
        image[id] = process.pool.ternary(function, image[a]!, image[b]!, image[c]!, span: node.span)
      }
    }
    return roots.map { image[$0]! }
  }

  private mutating func standIn(for expression: ExpressionID) -> VariableID {
    if let known = invariantLeaf[expression] { return known }
    let leaf = VariableID(process.variables.count + invariants.count)
    invariantLeaf[expression] = leaf
    invariants.append((expression, leaf))
    invariantInterval[leaf] = IntervalEvaluator(process.pool)([expression]) { self.interval($0) }[expression] ?? .unknown
    return leaf
  }

  mutating func stage(_ spec: Spec, hoisting: Bool = true) -> LearnerPlan.Stage {
    let expressions = spec.roots.map(\.expression)
    let roots = hoisting ? hoisted(expressions) : expressions
    let compiler = BatchCompiler(pool: process.pool) { [self] in interval($0) }
    let program = compiler.compile(zip(roots, spec.roots).map { BatchRoot($0, check: $1.check) })
    var outputs: [Int] = []
    for root in spec.roots { outputs.append(root.column ?? newColumn()) }
    let inputs = program.inputs.map { column($0) }
    let draws = spec.draws.map { draw in
      var operands: [ExpressionID: LearnerPlan.Operand] = [:]
      for expression in draw.law.expressions {
        operands[expression] =
          draw.parameters[expression].map { .column($0) } ?? .constant(process.pool.constant(expression) ?? .nan)
      }
      let id: VariableID =
        switch draw.slot {
        case .current(let id), .next(let id): id
        }
      let isOwn = if case .current = draw.slot { own.contains(id) } else { false }
      return LearnerPlan.Draw(
        law: draw.law, operands: operands, target: draw.target, slot: draw.slot, isOwn: isOwn, domain: process[id].domain)
    }
    return LearnerPlan.Stage(
      program: program, inputs: inputs, outputs: outputs, sources: spec.roots.map { ($0.slot, $0.expression) }, draws: draws)
  }

  mutating func code(_ update: UpdateSpec) -> LearnerPlan.UpdateCode {
    switch update {
    case .assign(let spec, let hasPosition, let targets, let span):
      return .assign(stage(spec), hasPosition: hasPosition, targets: targets, span)
    case .conditional(let spec, let first, let second):
      return .conditional(stage(spec), then: first.map { code($0) }, else: second.map { code($0) })
    }
  }

  /// The program that computes everything that depends on the time alone; its outputs are the columns of the leaves.
  mutating func invariantStage() -> LearnerPlan.Stage {
    let spec = Spec(roots: invariants.map { Root(expression: $0.expression, column: columns[.variable($0.leaf)] ?? newColumn()) })
    return stage(spec, hoisting: false)
  }
}
