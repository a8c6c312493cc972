import AleaSyntax

extension AleaModelWriter {
  /// The properties as questions about the model; those that cannot be asked are listed among the problems.
  mutating func questions() -> [String] {
    var result: [String] = []
    for (index, property) in source.properties.properties.enumerated() {
      let text = source.propertyText(property.body.span)
      let title = property.name.map { "\"\($0.text)\": " } ?? ""
      var writer = expressions
      writer.model = modelName
      writer.problems = []
      writer.fixedLabels = fixedLabels()
      do {
        let name = names.claim(property.name?.text ?? "property\(index + 1)", isQuiet: property.name == nil)
        var lines: [String]
        do {
          lines = try question(property.body, name, property.name?.text ?? name, &writer)
          if !writer.problems.isEmpty { throw DiagnosticError(writer.problems) }
        } catch is NoQuestion {
          lines = try propertyQuestion(property.body, name, property.name?.text ?? name)
        }
        result.append("// " + (title + text).split(separator: "\n").joined(separator: " "))
        result += lines
      } catch {
        problems += (error as? DiagnosticError)?.diagnostics ?? []
        result.append("// Not asked: " + (title + text).split(separator: "\n").joined(separator: " "))
      }
    }
    return result
  }

  /// What `"init"` and `"deadlock"` stand for.
  private func fixedLabels() -> [String: PrismExpression] {
    guard let span = model.variables.first?.name.span else { return [:] }
    var result: [String: PrismExpression] = [:]
    let guards = commands.map { command in
      Self.chain(.and, command.joint.parts.map(\.command.condition)) ?? PrismExpression(.boolean(true), span)
    }
    let isEnabled = Self.chain(.or, guards) ?? PrismExpression(.boolean(false), span)
    result["deadlock"] = PrismExpression(.not(isEnabled), span)
    let initial = model.variables.map { variable -> PrismExpression in
      var value = PrismExpression(.integer(0), span)
      switch variable.domain {
      case .boolean: value = PrismExpression(.boolean(false), span)
      case .integer: break
      case .range(let low, _): value = low
      }
      return PrismExpression(
        .chain(
          PrismExpression(.name(variable.name.text), span), [.init(symbol: .equal, operand: variable.initial ?? value)]), span)
    }
    result["init"] = model.initial ?? Self.chain(.and, initial)
    return result
  }

  static func chain(_ symbol: PrismOperator, _ parts: [PrismExpression]) -> PrismExpression? {
    guard let first = parts.first, parts.count > 1 else { return parts.first }
    return PrismExpression(.chain(first, parts.dropFirst().map { .init(symbol: symbol, operand: $0) }), first.span)
  }

  /// What no question of the language says, and a property may.
  private struct NoQuestion: Error {}

  func cannot(_ what: String, _ span: SourceSpan?) -> DiagnosticError {
    DiagnosticError(
      .error(
        "\(what) cannot be asked of a model written in Alea", at: span,
        notes: ["ask it of the file: `solve(read(\"\(source.file)\"), property: ...)`"]))
  }

  private mutating func question(_ body: PrismExpression, _ name: String, _ title: String, _ writer: inout AleaExpressionWriter)
    throws -> [String]
  {
    guard case .query(let query) = body.kind else { throw NoQuestion() }
    var optimum = query.optimum
    var comparison: (symbol: String, limit: String)?
    if case .bound(let relation, let limit) = query.relation {
      if optimum == nil { optimum = relation == .greater || relation == .greaterEqual ? .least : .greatest }
      comparison = (relation.rawValue, writer.text(limit, at: .sum))
      // It has to hold in each of them.
      if model.initial != nil { throw NoQuestion() }
    } else if optimum == nil, !isChain {
      throw cannot("a query without `min` or `max` about an mdp", body.span)
    }
    let direction = isChain || optimum == nil ? "" : ", maximize: \(optimum == .greatest)"
    let opposite = isChain || optimum == nil ? "" : ", maximize: \(optimum != .greatest)"
    let call: String
    var number = "\(name).start"
    switch query.quantity {
    case .probability:
      switch query.body {
      case .eventually(.state(let target), let bounds, _):
        call = "probability(of: \(writer.text(target)), in: \(modelName)\(try steps(bounds, &writer))\(direction))"
      case .until(.state(let staying), .state(let target), let bounds, _):
        let avoiding = staying.isTrue ? "" : ", avoiding: \(writer.text(negated(staying)))"
        call =
          "probability(of: \(writer.text(target)), in: \(modelName)\(avoiding)\(try steps(bounds, &writer))\(direction))"
      case .globally(.state(let condition), let bounds, _):
        call =
          "probability(of: \(writer.text(negated(condition))), in: \(modelName)\(try steps(bounds, &writer))\(opposite))"
        number = "1 - \(name).start"
      default: throw NoQuestion()
      }
    case .reward(let reference):
      call = try total(query, of: "\(modelName).\(try channel(reference, body.span))", direction, &writer)
    case .time:
      let steps = stepsName ?? names.claim("steps_taken")
      stepsName = steps
      call = try total(query, of: "\(modelName).\(steps)", direction, &writer)
    case .steadyState: throw NoQuestion()
    }
    var lines = ["let \(name) = \(call)"]
    if let comparison {
      lines.append("expect(\(number) \(comparison.symbol) \(comparison.limit))")
    } else {
      lines.append("print(\"\(title):\", \(number))")
    }
    return lines
  }

  private func negated(_ condition: PrismExpression) -> PrismExpression {
    if case .not(let inner) = condition.kind { return inner }
    return PrismExpression(.not(condition), condition.span)
  }

  private func channel(_ reference: PrismQuery.RewardReference?, _ span: SourceSpan) throws -> String {
    let structures = model.rewards
    switch reference {
    case nil: if let first = channelNames.first { return first }
    case .name(let name):
      if let index = structures.firstIndex(where: { $0.name?.text == name.text }) { return channelNames[index] }
      throw DiagnosticError(.error("there are no rewards \"\(name.text)\"", at: name.span))
    case .number(let expression):
      if let number = tables.known(expression), channelNames.indices.contains(Int(number) - 1) {
        return channelNames[Int(number) - 1]
      }
    }
    throw DiagnosticError(.error("there are no such rewards", at: span))
  }

  private mutating func total(
    _ query: PrismQuery, of channel: String, _ direction: String, _ writer: inout AleaExpressionWriter
  ) throws -> String {
    switch query.body {
    case .eventually(.state(let target), let bounds, _):
      guard bounds.isAbsent else { throw NoQuestion() }
      return "expectedTotal(of: \(channel), in: \(modelName), until: \(writer.text(target))\(direction))"
    case .cumulative(let steps?, _):
      return "expectedTotal(of: \(channel), in: \(modelName), within: \(writer.text(steps))\(direction))"
    default: throw NoQuestion()
    }
  }

  private mutating func steps(_ bounds: PrismPath.Bounds, _ writer: inout AleaExpressionWriter) throws -> String {
    if bounds.isAbsent { return "" }
    guard !bounds.isOnReward, bounds.lower == nil, let upper = bounds.upper else { throw NoQuestion() }
    return ", within: " + (bounds.upperIsStrict ? writer.text(upper, at: .sum) + " - 1" : writer.text(upper))
  }
}
