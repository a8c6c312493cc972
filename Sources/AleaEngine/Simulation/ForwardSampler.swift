import AleaModel
import AleaNumerics
import AleaSyntax

/// Draws every variable of a process without states once per row, causes before effects.
///
/// Row r uses the random stream r of the seed, so the rows do not depend on how many there are. O(rows times expression size).
public struct ForwardSampler: Sendable {
  private let process: Process
  private let evaluator: ScalarEvaluator

  public init(_ process: Process) {
    self.process = process
    evaluator = ScalarEvaluator(process)
  }

  /// The values of each variable, by ``VariableID/index``, one for each row.
  ///
  /// - Throws: a `Diagnostic` at the expression that has no value or the law whose parameters are outside their domain.
  public func columns(rows: Int, seed: UInt64) throws -> [[Double]] {
    var result = [[Double]](repeating: [], count: process.variables.count)
    for index in result.indices { result[index].reserveCapacity(rows) }
    for row in 0..<rows {
      var stream = RandomStream(seed: seed, stream: UInt64(row))
      let values = try self.row(&stream).current
      for index in values.indices { result[index].append(values[index]) }
    }
    return result
  }

  private func row(_ stream: inout RandomStream) throws -> ScalarEnvironment {
    var environment = ScalarEnvironment(variableCount: process.variables.count)
    for slot in process.stepOrder {
      guard case .current(let id) = slot else { continue }
      let variable = process[id]
      switch variable.mechanism {
      case .value(let expression): environment[slot] = try evaluator(expression, in: environment)
      case .draw(let law):
        var parameters: [ExpressionID: Double] = [:]
        for expression in law.expressions { parameters[expression] = try? evaluator(expression, in: environment) }
        let value = law.sample(&stream) { parameters[$0] ?? .nan }
        guard !value.isNaN else {
          for expression in law.expressions { _ = try evaluator(expression, in: environment) }
          throw Diagnostic.error("the law of `\(variable.name)` has parameters outside their domain", at: variable.span)
        }
        environment[slot] = value
      case .chosen, .unspecified: break
      }
    }
    return environment
  }
}
