import AleaModel
import AleaNumerics
import AleaSyntax
import Dispatch
import Synchronization

/// Draws every variable of a process without states once per row, causes before effects: lanes of the batch machine are rows.
///
/// Row `r` uses the random stream `r` of the seed, so a row does not depend on how many there are, nor on threads.
public struct RowSampler: @unchecked Sendable {
  /// Rows a block; blocks are the units of parallel work.
  static let blockSize = 256

  private let process: Process
  private let stages: [LearnerPlan.Stage]
  private let columns: [Slot: Int]
  private let columnCount: Int

  /// - Throws: a `DiagnosticError` where a variable has no mechanism.
  public init(_ process: Process) throws {
    var builder = StageBuilder(process: process, own: [])
    builder.columns[.time] = builder.newColumn()
    let slots = process.stepOrder.filter { if case .current = $0 { true } else { false } }
    do {
      let specs = try builder.specs(for: slots) { process[$0].mechanism }
      stages = specs.map { builder.stage($0, hoisting: false) }
    } catch let fault as Diagnostic {
      throw DiagnosticError(fault)
    }
    var columns: [Slot: Int] = [:]
    for slot in slots { columns[slot] = builder.column(slot) }
    self.columns = columns
    columnCount = builder.columnCount
    self.process = builder.process
  }

  /// The values of each variable, by ``VariableID/index``, one for each row.
  ///
  /// - Throws: a `DiagnosticError` at the expression that has no value or the law whose parameters are outside their domain, with the
  ///   row; `WorkCancelled`.
  public func columns(rows: Int, seed: UInt64, control: WorkControl = WorkControl()) throws -> [[Double]] {
    let wanted = process.variables.indices.map { columns[.current(VariableID($0))] }
    let storage = wanted.map { _ in UnsafeMutablePointer<Double>.allocate(capacity: max(1, rows)) }
    defer { for pointer in storage { pointer.deallocate() } }
    nonisolated(unsafe) let targets = storage
    let blocks = (rows + Self.blockSize - 1) / Self.blockSize
    let faults = Mutex<[Int: any Error]>([:])
    let isCancelled = Mutex(false)
    let workers = max(1, min(control.threads, blocks))
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      let runner = Block(self, seed: seed)
      var block = worker
      while block < blocks, !isCancelled.withLock({ $0 }) {
        let first = block * Self.blockSize
        let count = min(Self.blockSize, rows - first)
        do {
          try runner.run(first, count)
          for (index, column) in wanted.enumerated() {
            if let column {
              (targets[index] + first).update(from: runner.column(column), count: count)
            } else {
              (targets[index] + first).update(repeating: .nan, count: count)
            }
          }
        } catch {
          faults.withLock { $0[block] = error }
          return
        }
        if worker == 0, block & 0x3F == 0 {
          let progress = WorkProgress(phase: "sampling", detail: "\(first) rows", fraction: Double(first) / Double(rows))
          if !control.report(progress) { isCancelled.withLock { $0 = true } }
        }
        block += workers
      }
    }
    if isCancelled.withLock({ $0 }) { throw WorkCancelled(state: "sampling was stopped") }
    // The first fault in the order of rows, whichever thread met one first.
    if let fault = faults.withLock({ faults in faults.min { $0.key < $1.key }?.value }) {
      if let diagnostic = fault as? Diagnostic { throw DiagnosticError(diagnostic) }
      throw fault
    }
    return storage.map { Array(UnsafeBufferPointer(start: $0, count: rows)) }
  }

  /// The columns of a block of rows, and what fills them.
  private final class Block {
    private let sampler: RowSampler
    private let seed: UInt64
    private let machine = BatchMachine()
    private let storage: UnsafeMutablePointer<Double>
    private let streams: UnsafeMutablePointer<RandomStream>

    init(_ sampler: RowSampler, seed: UInt64) {
      self.sampler = sampler
      self.seed = seed
      storage = .allocate(capacity: max(1, sampler.columnCount) * RowSampler.blockSize)
      storage.initialize(repeating: 0, count: max(1, sampler.columnCount) * RowSampler.blockSize)
      streams = .allocate(capacity: RowSampler.blockSize)
      streams.initialize(repeating: RandomStream(seed: seed, stream: 0), count: RowSampler.blockSize)
    }

    deinit {
      storage.deallocate()
      streams.deallocate()
    }

    func column(_ index: Int) -> UnsafeMutablePointer<Double> { storage + index * RowSampler.blockSize }

    func run(_ first: Int, _ count: Int) throws {
      for lane in 0..<count { streams[lane] = RandomStream(seed: seed, stream: UInt64(first + lane)) }
      for stage in sampler.stages {
        machine.run(stage.program, count: count, inputs: stage.inputs.map(column), outputs: stage.outputs.map(column))
        for index in stage.outputs.indices where stage.program.outputMayFail[index] {
          let values = column(stage.outputs[index])
          for lane in 0..<count where values[lane].isNaN {
            throw fault(first, lane, stage.sources[index].slot, stage.sources[index].expression)
          }
        }
        for draw in stage.draws {
          let target = column(draw.target)
          LaneSampler.sample(draw, streams, count: count, column: column)
          for lane in 0..<count where target[lane].isNaN || !draw.isAlwaysInside && !draw.domain.contains(target[lane]) {
            throw fault(first, lane, draw.slot, nil, drawn: target[lane])
          }
        }
      }
    }

    private func fault(_ first: Int, _ lane: Int, _ slot: Slot?, _ expression: ExpressionID?, drawn: Double = .nan) -> Diagnostic
    {
      let process = sampler.process
      var environment = ScalarEnvironment(variableCount: process.variables.count)
      for (slot, index) in sampler.columns { environment[slot] = column(index)[lane] }
      let place = "in row \(first + lane + 1)"
      var name = "a value"
      var span: SourceSpan?
      var expressions = expression.map { [$0] } ?? []
      if case .current(let id)? = slot {
        name = "`\(process[id].name)`"
        span = process[id].mechanism.expressions.first.flatMap { process.pool[$0].span } ?? process[id].span
        if expressions.isEmpty { expressions = process[id].mechanism.expressions }
      }
      if !drawn.isNaN {
        return .error(
          "\(name) becomes \(ScalarEvaluator.text(drawn)), outside its domain", at: span,
          label: "this is \(ScalarEvaluator.text(drawn))", notes: [place])
      }
      for expression in expressions {
        do {
          let value = try ScalarEvaluator(process)(expression, in: environment)
          if case .current(let id)? = slot, case .value = process[id].mechanism {
            return .error(
              "\(name) becomes \(ScalarEvaluator.text(value)), outside its domain", at: span,
              label: "this is \(ScalarEvaluator.text(value))", notes: [place])
          }
        } catch let found as Diagnostic {
          var diagnostic = found
          diagnostic.notes.append(place)
          return diagnostic
        } catch {}
      }
      return .error("the law of \(name) has parameters outside their domain", at: span, notes: [place])
    }
  }
}
