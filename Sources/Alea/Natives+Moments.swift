import AleaData
import AleaModel
import AleaSemantics
import AleaSolvers
import AleaSyntax

extension ModelObject: EstimationTarget {
  func estimate(_ call: NativeCall, core: SessionCore) throws -> any ObjectValue {
    guard definition.syntax.kind == .moments else {
      throw call.fault(
        "`\(definition.name)` is a \(definition.syntax.kind.rawValue) model: estimate a part of it", at: "target",
        notes: ["as in `estimate(effect(of: \(definition.name).x, on: \(definition.name).y), from: data)`"])
    }
    let problem = try momentProblem(at: call.span(of: "target"), core: core)
    return try Moments.fit(problem, call, core: core).fit
  }

  func check(_ call: NativeCall, core: SessionCore) throws {
    guard definition.syntax.kind == .moments, call.isSettled("by"),
      !arguments.contains(where: { if case .nothing = $0.value { true } else { false } }),
      // What is wrong with the model itself is told where it is declared, or when it is asked for.
      let moments = try? moments(at: call.span(of: "target"), isChecking: true),
      moments.unknowns.allSatisfy({ $0.functionClass != nil })
    else { return }
    let problem = try momentProblem(at: call.span(of: "target"), core: core)
    try Moments.check(problem, call, core: core)
  }

  /// The moment problem of this model, with classes made from what stands after `in`.
  func momentProblem(at place: SourceSpan?, core: SessionCore) throws -> MomentProblem {
    let moments = try moments(at: place)
    let unknowns = try moments.unknowns.map { unknown -> MomentProblem.Unknown in
      guard case .object(let object as MethodObject)? = unknown.functionClass,
        let functionClass = (object.method as? any FunctionClassMethod)?.functionClass
      else {
        throw DiagnosticError(
          .error(
            "this is no class of functions", at: unknown.classSpan,
            notes: ["the classes are `Linear()`, `Polynomial()`, `Spline()`, `Tabular()` and `RKHS(Gaussian())`"]))
      }
      return .init(name: unknown.name, arguments: unknown.arguments, functionClass: functionClass)
    }
    var problem = MomentProblem(
      name: moments.name, columns: moments.columns, unknowns: unknowns,
      applications: moments.applications.map { .init(unknown: $0.unknown, arguments: $0.arguments) }, pool: moments.pool)
    for restriction in moments.restrictions {
      let isMean = restriction.level == nil
      let form = problem.form(restriction.residual)
      if form == .rough || (form == .smooth && !isMean) {
        throw DiagnosticError(
          .error(
            form == .rough
              ? "this restriction has no derivative in the unknown functions"
              : "this restriction is not affine in the unknown functions", at: restriction.span,
            notes: [
              isMean
                ? "an unknown may stand in sums, products, quotients, powers and smooth functions such as `exp` and `logistic`"
                : "an unknown may be added, subtracted and multiplied by data, as in `P[y <= h(x) | z] = 0.5`"
            ]))
      }
      problem.restrictions.append(
        .init(
          residual: restriction.residual, statistic: restriction.level.map { .probability($0) } ?? .mean,
          conditioning: restriction.conditioning,
          text: Self.requirement(core.sourceText(restriction.span))))
    }
    return problem
  }

  /// A restriction as written, without the word before it.
  private static func requirement(_ text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace)
    return (words.first == "require" ? words.dropFirst() : words[...]).joined(separator: " ")
  }
}

/// How questions about moment problems are answered.
enum Moments {
  /// The method that is used where none is given, and why.
  static func standard(for problem: MomentProblem) -> (method: any MomentMethod, reason: String) {
    let isQuantile = problem.restrictions.contains { $0.statistic != .mean }
    if isQuantile { return (SmoothedQuantile(), "a restriction is about a probability") }
    if problem.unknowns.contains(where: { $0.functionClass.isPenalised }) {
      return (Minimax(), "an unknown is in a Hilbert space, whose norm must be held back")
    }
    return (SieveMinimumDistance(), "every class has few coefficients, so that errors can be given")
  }

  static func fit(_ problem: MomentProblem, _ call: NativeCall, core: SessionCore) throws -> MomentAnswer {
    try check(problem, call, core: core)
    let data = try data(problem, call)
    let chosen = standard(for: problem)
    do {
      var fit = try (method(call, core) ?? chosen.method).fit(problem, data)
      if call["by"] == nil { fit.notes.insert("\(chosen.method.name) was chosen because \(chosen.reason)", at: 0) }
      return MomentAnswer(fit: fit, data: data)
    } catch let fault as MomentFault {
      throw call.fault(fault.message, at: nil, notes: fault.remedy.isEmpty ? [] : [fault.remedy])
    }
  }

  /// Refuses what no data can answer.
  static func check(_ problem: MomentProblem, _ call: NativeCall, core: SessionCore) throws {
    do { try (method(call, core) ?? standard(for: problem).method).check(problem) } catch let fault as MomentFault {
      throw call.fault(fault.message, at: nil, notes: fault.remedy.isEmpty ? [] : [fault.remedy])
    }
  }

  private static func method(_ call: NativeCall, _ core: SessionCore) throws -> (any MomentMethod)? {
    guard let given = call["by"] else { return nil }
    if case .object(let object as MethodObject) = given.value, let method = object.method as? any MomentMethod { return method }
    throw call.fault(
      "`by:` takes an estimator of moment problems here", at: "by",
      notes: ["it is one of \(core.names(of: (any MomentMethod.Type).self, builtIn: MomentMethods.estimators))"])
  }

  /// The columns of the problem, complete and numeric.
  private static func data(_ problem: MomentProblem, _ call: NativeCall) throws -> MomentData {
    guard case .object(let object)? = call["from"]?.value, let table = object as? DataTable else {
      throw call.fault("`from:` takes a table of data", at: "from", notes: ["as in `from: read(\"prices.csv\")`"])
    }
    var columns: [String: [Double]] = [:]
    for name in problem.columns {
      guard let column = table[name] else {
        throw call.fault(
          "the data have no column `\(name)`, which `\(problem.name)` declares", at: "from",
          notes: ["the columns are \(table.columnNames.prefix(12).map { "`\($0)`" }.joined(separator: ", "))"])
      }
      guard column.kind != .text else {
        throw call.fault("`\(name)` holds texts, and moments need numbers", at: "from", notes: ["`derive` makes a number of it"])
      }
      if let row = column.firstMissing {
        throw call.fault(
          "`\(name)` has no value in row \(row + 1) of the data", at: "from",
          notes: ["leave such rows out: `filter(data, present(\(name)))`"])
      }
      columns[name] = column.numbers
    }
    do { return try MomentData(columns) } catch let fault as MomentFault {
      throw call.fault(fault.message, at: "from", notes: fault.remedy.isEmpty ? [] : [fault.remedy])
    }
  }

  /// The form of a problem and how it would be solved, in words.
  /// Nil where the question is about something else.
  static func explanation(_ call: NativeCall, core: SessionCore) throws -> String? {
    guard case .object(let object)? = call["model"]?.value else { return nil }
    if call["through"] != nil, object is StructuralFunction || (object as? ModelObject)?.definition.syntax.kind == .moments {
      throw call.fault(
        "`through:` is of decision processes here", at: "through",
        notes: ["a causal question takes it in `structural(of: M.x, on: M.y, through: ...)`"])
    }
    if let structural = object as? StructuralFunction { return structural.explanation }
    guard let model = object as? ModelObject, model.definition.syntax.kind == .moments else { return nil }
    return explanation(try model.momentProblem(at: call.span(of: "model"), core: core))
  }

  static func explanation(_ problem: MomentProblem) -> String {
    let chosen = standard(for: problem)
    var lines = ["\(problem.name): a conditional moment problem"]
    for unknown in problem.unknowns {
      lines.append("  unknown \(unknown.name)(\(unknown.arguments.joined(separator: ", "))) in \(unknown.functionClass)")
    }
    for restriction in problem.restrictions {
      let form = problem.form(restriction.residual) == .affine ? "affine in the unknowns" : "smooth in the unknowns: Gauss-Newton"
      lines.append("  require \(restriction.text): \(form)")
    }
    lines.append("  \(chosen.method.name): \(chosen.reason)")
    return lines.joined(separator: "\n")
  }
}
