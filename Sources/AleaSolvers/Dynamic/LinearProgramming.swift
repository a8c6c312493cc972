import AleaModel
import AleaNumerics

/// The linear program of a discounted process, solved by the simplex method, with a certificate of our own.
///
/// The optimal value is the least v with v >= r + discount P v for every choice (d'Epenoux 1963). What the solver returns is only a
/// starting point: a greedy sweep proves the bound, and if that is not within tolerance the greedy policy's equations are solved.
public struct LinearProgramming: DynamicMethod {
  public static let name = "LinearProgramming"
  public static let abbreviations = ["LP"]
  public static let summary = "solves the linear program of the process by GLPK or HiGHS; for small processes and for comparison"
  public static let parameters = [
    MethodParameter.tolerance,
    MethodParameter(
      "solver", .symbol(["automatic", "glpk", "highs"]), default: .symbol("automatic"),
      doc: "GLPK, HiGHS, or HiGHS where it is installed and GLPK elsewhere"),
  ]

  /// Who solves the program.
  public enum Solver: String, Hashable, Sendable, CaseIterable { case automatic, glpk, highs }

  public var tolerance: Double
  public var solver: Solver

  public init(tolerance: Double = 1e-6, solver: Solver = .automatic) {
    self.tolerance = tolerance
    self.solver = solver
  }

  public init(arguments: MethodArguments) {
    self.init(tolerance: arguments.real("tolerance"), solver: Solver(rawValue: arguments.symbol("solver")) ?? .automatic)
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    var unmet = DynamicRequirements.discounted(process, method: name)
    if process.transitionCount + process.choiceCount > Int(Int32.max) / 2 {
      unmet.append(
        UnmetRequirement(
          method: name, requirement: "fewer than 10^9 transitions", found: "\(process.transitionCount)",
          remedy: "use `ModifiedPolicyIteration`"))
    }
    return unmet
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    let model = try discountedModel(of: process, control: control)
    let iteration = DiscountedIteration(model, tolerance: tolerance, method: name, control: control)
    guard control.report(WorkProgress(phase: "solving", detail: "linear program of \(process.choiceCount) rows")) else {
      throw WorkCancelled(state: "stopped before the linear program was solved")
    }
    let program = Self.program(model)
    let highs = solver == .glpk ? nil : HiGHS()
    if solver == .highs, highs == nil {
      throw UnmetRequirement(
        method: name, requirement: "the HiGHS library", found: "none on this machine",
        remedy: "install it, say where it is in ALEA_HIGHS_LIB, or use `solver: glpk`")
    }
    do throws(LinearProgram.Failure) {
      if let highs {
        iteration.start(at: try highs.solve(program))
      } else {
        iteration.start(at: try GLPK.solve(program))
      }
      iteration.notes.append("linear program solved by \(highs == nil ? "GLPK" : "HiGHS")")
    } catch {
      iteration.notes.append("the linear program was not solved (\(error)); solved by policy iteration instead")
    }
    let improvement = PolicyImprovement(process.stateCount <= PolicyIteration.directLimit ? .direct : .krylov)
    var isImproved = false
    return try iteration.run { iteration in
      if !isImproved { iteration.notes.append("the solver's point was improved to meet the tolerance") }
      isImproved = true
      try improvement.improve(iteration)
    }
  }

  /// The least v over all constraints v(s) - discount sum p v >= r (the greatest v with <= where the total is minimised).
  static func program(_ model: DiscountedModel) -> LinearProgram {
    let process = model.process
    var rowStart: [Int32] = [0]
    var column: [Int32] = []
    var entry: [Double] = []
    for state in 0..<process.stateCount {
      for choice in process.choices(of: state) {
        var diagonal = 1.0
        for index in process.transitions(of: choice) {
          let successor = process.successor[index]
          let element = model.discount * process.probability[index]
          if Int(successor) == state {
            diagonal -= element
          } else if element != 0, !process.isTerminal(Int(successor)) {
            column.append(successor)
            entry.append(-element)
          }
        }
        column.append(Int32(state))
        entry.append(diagonal)
        rowStart.append(Int32(column.count))
      }
    }
    return LinearProgram(
      minimizes: model.maximizes,
      // Terminal states are worth nothing and appear in no row: a zero coefficient leaves them alone.
      objective: (0..<process.stateCount).map { process.isTerminal($0) ? 0 : 1 }, rowStart: rowStart, column: column,
      entry: entry,
      isAtLeast: model.maximizes, limit: model.reward.array)
  }
}
