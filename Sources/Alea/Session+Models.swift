// Models made in Swift, and answers with their types.

extension Session {
  // MARK: Models without text

  /// Gives a process the meaning of its name in this session: texts solve it, ask about its variables and write policies for it.
  ///
  /// - Throws: `DiagnosticError` when the name is one of the language.
  public func define(_ process: Process) throws {
    try checkFree(process.name)
    environment.define(process)
  }

  /// Gives a value a name in this session, as `let` does.
  ///
  /// - Throws: `DiagnosticError` when the name is one of the language, or none at all.
  public func define(_ name: String, as value: Value) throws {
    try checkFree(name)
    environment[name] = Binding(.value(value))
  }

  func checkFree(_ name: String) throws {
    let isName =
      name.first.map { $0.isLetter || $0 == "_" } == true && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    guard isName, !EntryText.keywords.contains(name), !Builtin.all.contains(where: { $0.name == name }),
      !Builtin.distributions.contains(where: { $0.name == name })
    else {
      throw DiagnosticError(
        .error("`\(name)` cannot be defined", at: nil, notes: ["it is a name of the language, or none at all"]))
    }
  }

  /// The optimal values and an optimal policy of a process given by its numbers.
  ///
  /// - Parameters:
  ///   - method: nil to choose one that fits.
  ///   - tolerance: the guaranteed error to aim at; of a given method its own counts.
  ///   - reductions: what to go through; nil for those of the session that apply.
  /// - Throws: `DiagnosticError` when the method or a reduction does not apply; `WorkCancelled`.
  public func solve(
    _ process: FiniteProcess, by method: (any DynamicMethod)? = nil, tolerance: Double? = nil,
    through reductions: [any Reduction]? = nil
  ) throws -> Solution {
    try cancellation.during {
      try core.solve(
        process.explored, by: method, tolerance: tolerance, through: ReductionChoice(core, given: reductions), at: nil)
    }
  }

  /// The same for a process of the session's representation: one that a ``ModelBuilder`` made, or ``process(of:)`` found.
  public func solve(
    _ process: Process, by method: (any DynamicMethod)? = nil, tolerance: Double? = nil,
    through reductions: [any Reduction]? = nil
  ) throws -> Solution {
    try cancellation.during {
      try core.solve(process, by: method, tolerance: tolerance, through: ReductionChoice(core, given: reductions), at: nil)
    }
  }

  // MARK: Answers with their types

  /// The value of an expression as a type of Swift: `try session.value("best", as: Solution.self)`.
  ///
  /// Numbers may be asked for as `Double`, whole ones as `Int`, `Bool` and `String` as they are, answers as what they are.
  /// - Throws: `DiagnosticError`, also when the value is of another kind.
  public func value<Result>(_ expression: String, as type: Result.Type = Result.self) throws -> Result {
    let value = try evaluate(expression)
    let found: Any? =
      switch value {
      case _ where type == Value.self: value
      case .integer(let number): type == Double.self ? Double(number) : number
      case .real(let number): number
      case .boolean(let flag): flag
      case .string(let text): text
      case .symbol(let symbol): type == String.self ? symbol.name : symbol
      case .object(let object): object
      case .array(let elements):
        type == [Double].self ? elements.compactMap(\.number) : elements
      default: nil
      }
    if let found = found as? Result {
      if let numbers = found as? [Double], case .array(let elements) = value, numbers.count != elements.count {
        throw DiagnosticError(.error("`\(expression)` holds more than numbers", at: nil))
      }
      return found
    }
    throw DiagnosticError(.error("`\(expression)` is \(value.kindDescription), not \(Result.self)", at: nil))
  }

  /// A solution by name, or by the question that gives it: `try session.solution("solve(Inventory)")`.
  public func solution(_ expression: String) throws -> Solution { try value(expression) }

  /// An estimate by name, or by the question that gives it.
  public func estimate(_ expression: String) throws -> Estimate { try value(expression) }

  /// A table by name, or by the question that gives it.
  public func table(_ expression: String) throws -> DataTable { try value(expression) }

  /// A number by name, or by the question that gives it.
  public func number(_ expression: String) throws -> Double { try value(expression) }
}
