// What a program adds to the language: methods, functions and laws written in Swift.

/// A law of the language that is written in Swift: what stands after `~`, made of other laws.
///
///     struct Zipf: CustomLaw {
///       static let name = "Zipf"
///       static let summary = "Ranks 1 to n with weights 1 / rank."
///       static let parameters = [CustomLawParameter("n", "the number of ranks")]
///       static func law(_ parameters: [ModelExpression]) throws -> ModelLaw { ... }
///     }
public protocol CustomLaw: Sendable {
  /// The name in programs.
  static var name: String { get }
  /// One line on what it is.
  static var summary: String { get }
  /// Its parameters, which are numbers, in the order of positional arguments.
  static var parameters: [CustomLawParameter] { get }
  /// The law for parameters that may depend on the state; known ones have a ``ModelExpression/constant``.
  ///
  /// - Throws: `ValueError` where the parameters make no sense.
  static func law(_ parameters: [ModelExpression]) throws -> ModelLaw
}

/// A parameter of a ``CustomLaw``.
public struct CustomLawParameter: Hashable, Sendable {
  public let name: String
  /// One line on what it is.
  public let doc: String
  /// - Parameters:
  ///   - name: its label in calls.
  ///   - doc: one line on what it is, shown by help.
  public init(_ name: String, _ doc: String) {
    self.name = name
    self.doc = doc
  }
}

extension Session {
  /// Adds a method to this session: texts call its constructor, in `solve(..., by:)` when it is a `DynamicMethod`, in
  /// `estimate(..., by:)` when it is an `EffectMethod` or `MomentMethod`, in `evaluate(..., from:, by:)` when it is an
  /// `OffPolicyMethod`, in `learn(..., by:)` when it is a `LearningMethod`; help, completion and messages know it.
  ///
  /// A reduction is a `ModelReduction`, `SparseReduction` or `StructuralReduction`. Where it applies it is used from now on, before
  /// those of the language, and `explain` says so; texts name it after `through:`.
  ///
  /// - Throws: `DiagnosticError` when the name is taken, or for a reduction that is of none of the three families.
  public func register(_ method: any Method.Type) throws {
    if method is any Reduction.Type, !(method is any ModelReduction.Type), !(method is any SparseReduction.Type),
      !(method is any StructuralReduction.Type)
    {
      throw DiagnosticError(
        .error(
          "`\(method.name)` reduces questions that nobody asks", at: nil,
          notes: ["a reduction is a `ModelReduction`, a `SparseReduction` or a `StructuralReduction`"]))
    }
    try add(Natives.constructor(method, core))
    core.registeredMethods.append(method)
  }

  /// Adds a function written in Swift to this session.
  ///
  /// - Throws: `DiagnosticError` when the name is taken.
  public func register(_ function: NativeFunction) throws { try add(function) }

  /// Adds a law written in Swift to this session.
  ///
  /// - Throws: `DiagnosticError` when the name is taken.
  public func register(_ law: any CustomLaw.Type) throws {
    let parameters = law.parameters.map { NativeParameter($0.name, isPositional: true, $0.doc) }
    try add(
      NativeFunction(law: law.name, parameters, documentation: law.summary, example: "x ~ \(law.name)(...)") {
        known, pool, symbols in
        let pooled = pool
        let given = known.map { id in
          pooled.constant(id).map { ModelExpression(.constant($0, pooled[id].type)) } ?? ModelExpression(.known(id))
        }
        var lowering = ExpressionLowering(pool: pool, symbols: symbols, types: [], names: [], states: [])
        defer { (pool, symbols) = (lowering.pool, lowering.symbols) }
        return try lowering.lower(try law.law(given))
      })
  }

  private func add(_ function: NativeFunction) throws {
    let name = function.name
    let isName =
      name.first.map { $0.isLetter || $0 == "_" } == true && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    guard isName else {
      throw DiagnosticError(.error("`\(name)` is not a name: letters, digits and _, not a digit first", at: nil))
    }
    let isTaken =
      EntryText.keywords.contains(name) || Builtin.all.contains { $0.name == name }
      || Builtin.distributions.contains { $0.name == name } || environment[name] != nil
    guard !isTaken else { throw DiagnosticError(.error("`\(name)` is taken: the session knows it already", at: nil)) }
    core.registered.append(function)
    natives[name] = Binding(.native(function), documentation: function.documentation)
  }
}

extension SessionCore {
  /// "`A`, `B`": the methods of a family, with those that were registered.
  func names<Family>(of family: Family.Type, builtIn: [any Method.Type]) -> String {
    (builtIn + registeredMethods).filter { $0 is Family }.map { "`\($0.name)`" }.joined(separator: ", ")
  }
}

extension ModelExpression {
  /// The number that the expression is, when it does not depend on anything.
  public var constant: Double? {
    if case .constant(let value, _) = node { return value }
    return nil
  }
}
