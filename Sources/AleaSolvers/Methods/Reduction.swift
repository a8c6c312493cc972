import AleaEngine
import AleaModel

/// A way to turn a question of one form into a problem of a simpler form, and the answer of that problem back.
///
/// A reduction of one's own conforms to one of the families, which say what the forms are: ``ModelReduction`` lists the states of a
/// model, ``SparseReduction`` makes an explicit process smaller, ``StructuralReduction`` states a causal question as moments. Like
/// methods, reductions are made in programs by their constructors and named there after `through:`.
public protocol Reduction<Question, Problem, Answer>: Method {
  /// The form that is taken.
  associatedtype Question: Sendable
  /// The simpler form.
  associatedtype Problem: Sendable
  /// What the simpler form's methods answer, and, after the way back, the answer to the question.
  associatedtype Answer

  /// The simpler problem, or nil where this reduction does not apply.
  ///
  /// - Throws: where the question itself is at fault, and `WorkCancelled` when `control` ends the work.
  func reduce(_ question: Question, control: WorkControl) throws -> Reduced<Problem, Answer>?
}

/// What became of a question: a simpler problem, and the way back.
public struct Reduced<Problem: Sendable, Answer>: Sendable {
  public let problem: Problem
  /// What was done and why: the lines that `explain` prints.
  public let steps: [String]
  /// What has to be true beyond what the model says.
  public let assumptions: [String]
  /// Turns the answer about ``problem`` into one to the question.
  public let restore: @Sendable (Answer) throws -> Answer

  /// - Parameters:
  ///   - steps: what was done and why, a line each.
  ///   - restore: the way back; without one an answer about the problem is one to the question.
  public init(
    _ problem: Problem, steps: [String], assumptions: [String] = [],
    restore: @escaping @Sendable (Answer) throws -> Answer = { $0 }
  ) {
    self.problem = problem
    self.steps = steps
    self.assumptions = assumptions
    self.restore = restore
  }
}

/// A reduction of a decision process to its explicit form: the first that applies is used.
public protocol ModelReduction: Reduction where Question == Process, Problem == ExploredProcess, Answer == SparseSolution {}

/// A reduction of an explicit process to a simpler one, such as a quotient: all that apply are used, one after the other.
///
/// The way back is often ``SparseSolution/spread(over:block:choice:)``.
public protocol SparseReduction: Reduction
where Question == SparseProcess, Problem == SparseProcess, Answer == SparseSolution {}

/// A reduction of a causal question to a moment problem: the first that applies is used.
public protocol StructuralReduction: Reduction
where Question == StructuralQuestion, Problem == MomentProblem, Answer == MomentAnswer {}

/// The reductions that every session knows, by family: a new one is one file and one line here.
public enum Reductions {
  public static let ofModels: [any ModelReduction.Type] = [Exploration.self]
  public static let ofProcesses: [any SparseReduction.Type] = []
  public static let ofStructures: [any StructuralReduction.Type] = [InstrumentRestriction.self, ProxyBridge.self]

  public static let all: [any Method.Type] =
    ofModels.map { $0 as any Method.Type } + ofProcesses.map { $0 as any Method.Type }
    + ofStructures.map { $0 as any Method.Type }
}
