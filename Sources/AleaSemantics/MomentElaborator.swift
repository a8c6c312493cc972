import AleaModel
import AleaSyntax

/// A moment problem as elaborated: names resolved, residuals as expressions over columns and applications of the unknowns.
public struct ElaboratedMoments: Sendable {
  public struct Unknown: Sendable {
    public var name: String
    public var arguments: [String]
    /// What stands after `in`; nil while a program is checked and it is not known.
    public var functionClass: Value?
    public var span: SourceSpan
    public var classSpan: SourceSpan
  }

  /// An unknown at given arguments: variable `columns.count + position` of the pool.
  public struct Application: Hashable, Sendable {
    public var unknown: Int
    public var arguments: [ExpressionID]
  }

  public struct Restriction: Sendable {
    /// The expression whose mean is 0, or that is at least 0 with the probability ``level``.
    public var residual: ExpressionID
    public var level: Double?
    public var conditioning: [String]
    public var span: SourceSpan
  }

  public var name: String
  public var columns: [String] = []
  public var unknowns: [Unknown] = []
  public var applications: [Application] = []
  public var restrictions: [Restriction] = []
  public var pool = ExpressionPool()
  public var span: SourceSpan
}

extension ModelObject {
  /// The moment problem of this model with its arguments.
  ///
  /// - Throws: `DiagnosticError` with everything that is wrong with it.
  public func moments(at place: SourceSpan? = nil, isChecking: Bool = false) throws -> ElaboratedMoments {
    try definition.moments(arguments, at: place, isChecking: isChecking)
  }
}

extension ModelDefinition {
  func moments(_ arguments: [GivenArgument] = [], at place: SourceSpan? = nil, isChecking: Bool) throws -> ElaboratedMoments {
    let structure = StructureChecks.check(syntax)
    if structure.contains(where: { $0.severity == .error }) { throw DiagnosticError(structure) }
    let elaborator = ModelElaborator(name: name, kind: .causal, environment: environment, isChecking: isChecking)
    elaborator.moments = ElaboratedMoments(name: name, span: syntax.name.span)
    try elaborator.bindParameters(syntax.parameters, arguments, of: "model `\(name)`", name: place ?? syntax.name.span)
    elaborator.buildMoments(syntax)
    if elaborator.diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(elaborator.diagnostics) }
    guard var moments = elaborator.moments, !elaborator.isIncomplete else { throw Elaborator.silent }
    moments.pool = elaborator.context.pool
    return moments
  }
}

extension ModelElaborator {
  /// Takes in columns first, then unknowns, then the restrictions: applications are numbered after the columns.
  func buildMoments(_ syntax: AST.Model) {
    for member in syntax.members {
      guard case .data(let names) = member.kind else { continue }
      for name in names {
        let id = VariableID(moments?.columns.count ?? 0)
        moments?.columns.append(name.text)
        bind(name.text, .scalar(context.pool.intern(.variable(id), type: .real, span: name.span)))
      }
    }
    collect(syntax.members)
    for member in syntax.members {
      guard case .unknown(let name, let arguments, let functionClass) = member.kind else { continue }
      // A class with a fault leaves the unknown known, so that the fault is told once.
      let value = attempt { () -> Value? in
        var scope = elaborator()
        if case .value(let known) = try scope.elaborate(functionClass) { return known }
        return nil
      }
      moments?.unknowns.append(
        .init(
          name: name.text, arguments: arguments.map(\.text), functionClass: value ?? nil, span: name.span,
          classSpan: functionClass.span))
    }
    for member in syntax.members {
      guard case .require(let requirement) = member.kind else { continue }
      attempt { try elaborateRestriction(requirement, member.span) }
    }
    guard let moments, diagnostics.isEmpty else { return }
    for (index, unknown) in moments.unknowns.enumerated() where !moments.applications.contains(where: { $0.unknown == index }) {
      report(
        .error(
          "no restriction mentions `\(unknown.name)`", at: unknown.span, label: "nothing says which function it is",
          notes: ["leave it out, or say what makes it the right one: `require E[y - \(unknown.name)(...) | z] = 0`"]))
    }
  }

  private func elaborateRestriction(_ requirement: AST.Requirement, _ span: SourceSpan) throws {
    var scope = elaborator()
    guard let level = try number(&scope, requirement.level) else { return isIncomplete = true }
    let residual: ExpressionID
    var probability: Double?
    switch requirement.operator {
    case .expectation:
      let operand = try scope.elaborate(requirement.body)
      if case .unchecked = operand { return isIncomplete = true }
      guard let id = scope.scalar(operand, requirement.body.span), context.pool[id].type != .boolean else {
        throw DiagnosticError(.error("the mean of \(scope.describe(operand)) is not defined", at: requirement.body.span))
      }
      residual = context.pool.binary(.subtract, id, context.pool.constant(level, type: .real), type: .real, span: span)
    case .probability:
      guard level > 0, level < 1 else {
        throw DiagnosticError(
          .error("a probability to require lies between 0 and 1, and this is \(level)", at: requirement.level.span))
      }
      let operand = try scope.elaborate(requirement.body)
      if case .unchecked = operand { return isIncomplete = true }
      guard let id = scope.scalar(operand, requirement.body.span),
        case .binary(let comparison, let a, let b) = context.pool[id].kind,
        comparison == .lessEqual || comparison == .less
      else {
        throw DiagnosticError(
          .error(
            "a required probability is about a comparison", at: requirement.body.span,
            notes: ["as in `P[y <= h(x) | z] = 0.5`"]))
      }
      residual = context.pool.binary(.subtract, b, a, type: .real, span: span)
      probability = level
    }
    let columns = moments?.columns.count ?? 0
    let mentions = context.pool.leaves(of: [residual]).contains {
      if case .variable(let id) = $0 { Int(id.index) >= columns } else { false }
    }
    guard mentions else {
      throw DiagnosticError(
        .error(
          "this restriction mentions no unknown function", at: requirement.body.span,
          notes: ["it says something about the data alone, and nothing about what is looked for"]))
    }
    var seen = Set<String>()
    for name in requirement.given where !seen.insert(name.text).inserted {
      throw DiagnosticError(.error("`\(name.text)` is given twice", at: name.span))
    }
    moments?.restrictions.append(
      .init(residual: residual, level: probability, conditioning: requirement.given.map(\.text), span: span))
  }

  private func number(_ scope: inout Elaborator, _ expression: AST.Expression) throws -> Double? {
    switch try scope.elaborate(expression) {
    case .unchecked: return nil
    case .value(.integer(let number)): return Double(number)
    case .value(.real(let number)) where number.isFinite: return number
    default:
      throw DiagnosticError(
        .error(
          "what a restriction is equal to is a known number", at: expression.span,
          notes: ["bring the rest to the other side: `E[y - h(x) | z] = 0`"]))
    }
  }

  /// An unknown at the arguments of a call: `h(price, season)`, by position or by label.
  func application(of name: String, _ arguments: [AST.Argument], _ scope: inout Elaborator, _ span: SourceSpan) throws -> Operand?
  {
    guard let index = moments?.unknowns.firstIndex(where: { $0.name == name }), let unknown = moments?.unknowns[index] else {
      return nil
    }
    var given = [ExpressionID?](repeating: nil, count: unknown.arguments.count)
    var position = 0
    for argument in arguments {
      let place: Int
      if let label = argument.label {
        guard let found = unknown.arguments.firstIndex(of: label.text) else {
          throw scope.fault(
            "`\(name)` has no argument `\(label.text)`", label.span, notes: ["its arguments are \(scope.list(unknown.arguments))"]
          )
        }
        place = found
      } else {
        place = position
        position += 1
      }
      guard place < given.count else {
        throw scope.fault(
          "`\(name)` takes \(given.count) argument\(given.count == 1 ? "" : "s")", argument.value.span, label: "one too many")
      }
      guard given[place] == nil else { throw scope.fault("`\(unknown.arguments[place])` is given twice", argument.value.span) }
      let operand = try scope.elaborate(argument.value)
      if case .unchecked = operand { return operand }
      guard let id = scope.scalar(operand, argument.value.span) else { throw Elaborator.silent }
      let columns = moments?.columns.count ?? 0
      for case .variable(let variable) in context.pool.leaves(of: [id]) where Int(variable.index) >= columns {
        throw scope.fault(
          "an unknown function inside an unknown function", argument.value.span,
          notes: ["arguments are made of data only"])
      }
      given[place] = id
    }
    if let missing = given.firstIndex(where: { $0 == nil }) {
      throw scope.fault("`\(name)` needs `\(unknown.arguments[missing])`", span)
    }
    let application = ElaboratedMoments.Application(unknown: index, arguments: given.compactMap { $0 })
    let place: Int
    if let known = moments?.applications.firstIndex(of: application) {
      place = known
    } else {
      place = moments?.applications.count ?? 0
      moments?.applications.append(application)
    }
    let id = VariableID((moments?.columns.count ?? 0) + place)
    return .scalar(context.pool.intern(.variable(id), type: .real, span: span))
  }
}
