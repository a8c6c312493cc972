import AleaModel
import AleaSyntax
import Testing

@testable import AleaEngine

@Suite struct DifferentialTests {
  /// The engine's rows, in every form, are those of the naive explorer; where one faults the other does.
  @Test func randomProcessesGiveTheNaiveRows() throws {
    var faults = 0
    var specialized = 0
    for seed in 0..<600 as Range<UInt64> {
      let process = randomProcess(seed)
      var naive = NaiveExplorer(process)
      var naiveFaults = false
      do { try naive.explore(limit: 2000) } catch { naiveFaults = true }
      for strategy in [ExplorationOptions.Strategy.general, .specialized] {
        var options = ExplorationOptions()
        options.strategy = strategy
        do {
          let explored = try Explorer.explore(process, options: options)
          #expect(!naiveFaults, "seed \(seed) \(strategy)")
          if naiveFaults { continue }
          if strategy == .specialized { specialized += 1 }
          compare(explored, naive, "seed \(seed) \(strategy)")
        } catch let error as DiagnosticError {
          let message = error.diagnostics[0].message
          if message == "this process has no specialised form" { continue }
          #expect(naiveFaults, "seed \(seed) \(strategy): \(message)")
          #expect(!message.hasPrefix("a step from this state"), "seed \(seed) \(strategy)")
          faults += 1
        }
      }
    }
    // Both kinds of process, and both forms, were really met.
    #expect(faults > 20)
    #expect(specialized > 200)
  }

  private func compare(_ explored: ExploredProcess, _ naive: NaiveExplorer, _ comment: Comment) {
    let sparse = explored.sparse
    guard sparse.stateCount == naive.states.count else {
      Issue.record("\(comment): \(sparse.stateCount) states instead of \(naive.states.count)")
      return
    }
    // Numbers of states may differ where draws are taken in another order: states are matched by value.
    for (number, values) in naive.states.enumerated() {
      guard let state = explored.states.index(of: values) else {
        Issue.record("\(comment): state \(values) is missing")
        continue
      }
      #expect(explored.states.values(of: state) == values, comment)
      let choices = sparse.choices(of: state)
      guard choices.count == naive.rows[number].count else {
        Issue.record("\(comment): \(choices.count) choices instead of \(naive.rows[number].count) in \(values)")
        continue
      }
      for (choice, expected) in zip(choices, naive.rows[number]) {
        #expect(explored.actions.values(of: Int(explored.choiceAction[choice])) == expected.action, comment)
        let row = sparse.transitions(of: choice)
        #expect(row.count == expected.next.count, comment)
        for k in row {
          let next = explored.states.values(of: Int(sparse.successor[k]))
          let probability = expected.next.first { naive.states[$0.state] == next }?.probability
          #expect(abs(sparse.probability[k] - (probability ?? -1)) < 1e-12, comment)
        }
        for (channel, reward) in zip(sparse.channels, expected.rewards) {
          #expect(abs(channel.reward[choice] - reward) < 1e-11 * (1 + abs(reward)), comment)
        }
      }
    }
  }

  /// Random expressions over random columns: the batch machine gives what the scalar walk gives, and NaN where that faults.
  @Test func theBatchMachineAgreesWithTheOracle() {
    var random = SplitMix(state: 99)
    var faults = 0
    for _ in 0..<400 {
      let b = ModelBuilder()
      let x = b.state("x", .range(-3, 5), 0)
      let y = b.state("y", .reals, 0)
      let p = b.state("p", .boolean, 0)
      var nodes: [E] = [x, y, p, b[0], b[2], b[-1.5], b.time]
      for _ in 0..<Int.random(in: 3...25, using: &random) {
        func any() -> E { nodes.randomElement(using: &random)! }
        // Truth values for the logical functions.
        func truth() -> E { any() < any() }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: nodes.append(any().apply(UnaryFunction.allCases.filter { $0 != .not }.randomElement(using: &random)!))
        case 1: nodes.append(truth().apply(.not).then(any(), else: any()))
        case 2: nodes.append((Bool.random(using: &random) ? truth() && truth() : truth() || truth()).then(any(), else: any()))
        case 3: nodes.append(any().pick([any(), any(), any()]))
        default:
          let functions = BinaryFunction.allCases.filter { $0 != .and && $0 != .or }
          nodes.append(any().apply(functions.randomElement(using: &random)!, any()))
        }
      }
      let roots = nodes.suffix(4)
      let lanes = 300
      let program = BatchCompiler(pool: b.process.pool) { leaf in
        switch leaf {
        case .variable(let id): Interval(b.process[id].domain)
        default: Interval(0, 100, isInteger: true)
        }
      }.compile(roots.map { BatchRoot($0.id) })
      let values: [[Double]] = (0..<lanes).map { _ in
        [
          Double(Int.random(in: -3...5, using: &random)),
          [0, 1, -1, Double.random(in: -4...4, using: &random)].randomElement(using: &random)!,
          Double(Int.random(in: 0...1, using: &random)), Double(Int.random(in: 0...100, using: &random)),
        ]
      }
      let inputs = program.inputs.map { leaf in
        let number = if case .variable(let id) = leaf { Int(id.index) } else { 3 }
        return Column<Double>(values.map { $0[number] })
      }
      let outputs = roots.map { _ in Column<Double>(repeating: 0, count: lanes) }
      BatchMachine().run(program, count: lanes, inputs: inputs.map(\.pointer), outputs: outputs.map(\.pointer))
      let oracle = ScalarEvaluator(b.process)
      for lane in 0..<lanes {
        var environment = ScalarEnvironment(variableCount: 3, time: values[lane][3])
        for index in 0..<3 { environment.current[index] = values[lane][index] }
        for (index, root) in roots.enumerated() {
          let batch = outputs[index][lane]
          if let scalar = try? oracle(root.id, in: environment) {
            // `x ^ 2` is a product in the machine, and may differ in the last place, which what follows can magnify a little.
            #expect(
              batch == scalar || abs(batch - scalar) <= 1e-9 * max(1, abs(scalar)), "\(batch) instead of \(scalar)")
          } else {
            faults += 1
            #expect(batch.isNaN)
            #expect(program.outputMayFail[index])
          }
        }
      }
    }
    #expect(faults > 1000)
  }
}
