import AleaModel
import AleaSyntax

/// Lanes that travel through a step together: a column for each slot that has a value, a weight, and the choice each lane belongs to.
///
/// The lanes of a choice are contiguous and choices are in order; a draw widens every lane in place, so this stays so.
struct LaneFrame {
  var count: Int
  var columns: [Slot: Column<Double>] = [:]
  var time: Column<Double>?
  var weight: Column<Double>
  /// The number of the choice (or of the state, before actions are taken) within the batch.
  var origin: Column<Int32>

  init(count: Int) {
    self.count = count
    weight = Column(repeating: 1, count: count)
    origin = Column(capacity: count)
    for lane in 0..<count { origin.append(Int32(lane)) }
  }

  /// The frame with lanes picked, repeated or left out.
  func picking(_ lanes: Column<Int32>) -> LaneFrame {
    var result = self
    result.count = lanes.count
    result.columns = columns.mapValues { Self.pick($0, lanes) }
    result.time = time.map { Self.pick($0, lanes) }
    result.weight = Self.pick(weight, lanes)
    result.origin = Self.pick(origin, lanes)
    return result
  }

  static func pick<Element>(_ column: Column<Element>, _ lanes: Column<Int32>) -> Column<Element> {
    let result = Column<Element>(capacity: lanes.count)
    let target = result.reserve(lanes.count)
    for lane in 0..<lanes.count { target[lane] = column.pointer[Int(lanes.pointer[lane])] }
    result.commit(lanes.count)
    return result
  }
}

extension BatchMachine {
  /// Runs a program over a frame; the results are fresh columns.
  func run(_ program: BatchProgram, on frame: LaneFrame) -> [Column<Double>] {
    let outputs = (0..<program.outputCount).map { _ in
      let column = Column<Double>(capacity: frame.count)
      _ = column.reserve(frame.count)
      column.commit(frame.count)
      return column
    }
    let inputs = program.inputs.map { leaf -> UnsafeMutablePointer<Double> in
      switch leaf {
      case .variable(let id): frame.columns[.current(id)]!.pointer
      case .next(let id): frame.columns[.next(id)]!.pointer
      default: frame.time!.pointer
      }
    }
    run(program, count: frame.count, inputs: inputs, outputs: outputs.map(\.pointer))
    return outputs
  }
}

/// The compiled form of a slot's mechanism, for frames.
enum CompiledMechanism {
  case value(BatchProgram)
  /// The distribution's expressions, in the order of ``Distribution/expressions``, as the outputs of a program.
  case draw(Distribution, BatchProgram, [ExpressionID: Int])

  init?(_ slot: Slot, in plan: StepPlan) {
    self.init(
      plan.mechanism(of: slot), domain: plan.domain(of: slot),
      compiler: BatchCompiler(pool: plan.process.pool, leaf: plan.interval))
  }

  /// Nil for a mechanism that has nothing to run.
  init?(_ mechanism: Mechanism, domain: Domain, compiler: BatchCompiler) {
    switch mechanism {
    case .value(let expression):
      self = .value(compiler.compile([BatchRoot(expression, check: domain)]))
    case .draw(let distribution):
      let expressions = Array(Set(distribution.expressions)).sorted()
      var positions: [ExpressionID: Int] = [:]
      for (index, expression) in expressions.enumerated() { positions[expression] = index }
      self = .draw(distribution, compiler.compile(expressions.map { BatchRoot($0) }), positions)
    case .chosen, .unspecified: return nil
    }
  }
}
