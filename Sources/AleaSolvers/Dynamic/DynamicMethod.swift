import AleaModel

/// A way to solve explicit finite decision processes: what it is called, what can be set, what it requires, and how it solves.
///
///     let method = try DynamicMethods.make("ValueIteration", arguments: ["tolerance": .real(1e-9)])
///     let unmet = method.requirements(on: process)
///     if unmet.isEmpty { print(try method.solve(process, control: WorkControl()).bound) }
///
/// A method is a plain value: two solves with equal settings give the same bits, on any number of threads.
public protocol DynamicMethod: Method {
  /// Why the method does not apply; empty when it does.
  func requirements(on process: SparseProcess) -> [UnmetRequirement]
  /// Solves a process that meets the requirements.
  ///
  /// - Throws: the first ``UnmetRequirement``, or `WorkCancelled` when `control` ends the work.
  func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution
}
