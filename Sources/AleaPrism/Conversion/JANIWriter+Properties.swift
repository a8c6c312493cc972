import AleaSyntax

extension JANIWriter {
  /// The properties; those that JANI cannot say are listed among the problems.
  mutating func properties(_ source: PrismProperties, _ text: (SourceSpan) -> String) -> [JSONTree] {
    var result: [JSONTree] = []
    for (index, property) in source.properties.enumerated() {
      do {
        let count = problems.count
        let value = try self.property(property.body)
        if problems.count > count { continue }
        result.append(
          .object([
            ("name", .text(property.name?.text ?? "property\(index + 1)")), ("comment", .text(text(property.body.span))),
            ("expression", value),
          ]))
      } catch {
        problems += (error as? DiagnosticError)?.diagnostics ?? []
      }
    }
    return result
  }

  private func cannot(_ what: String, _ span: SourceSpan?) -> DiagnosticError {
    DiagnosticError(.error("\(what) cannot be written in JANI", at: span))
  }

  private mutating func property(_ body: PrismExpression) throws -> JSONTree {
    guard case .query(let query) = body.kind else { throw cannot("this property", body.span) }
    var optimum = query.optimum
    var comparison: (symbol: PrismOperator, limit: PrismExpression)?
    if case .bound(let relation, let limit) = query.relation {
      comparison = (relation, limit)
      if optimum == nil { optimum = relation == .greater || relation == .greaterEqual ? .least : .greatest }
    } else if optimum == nil, (model.type ?? .mdp) == .mdp {
      throw cannot("a query without `min` or `max` about an mdp", body.span)
    }
    let suffix = (optimum ?? .greatest).rawValue
    var value: JSONTree
    switch query.quantity {
    case .probability: value = unary("P" + suffix, try path(query.body, body.span))
    case .reward(let reference): value = try expectation(query, .text(reward(reference, body.span)), "E" + suffix)
    case .time:
      value = try expectation(query, .integer(1), "E" + suffix, collects: .list([.text(isTimed ? "time" : "steps")]))
    case .steadyState:
      guard case .state(let condition) = query.body else { throw cannot("this long run", body.span) }
      value = unary("S" + suffix, tree(condition))
    }
    if let comparison {
      let symbols: [PrismOperator: String] = [.less: "<", .lessEqual: "≤", .greater: ">", .greaterEqual: "≥"]
      guard let symbol = symbols[comparison.symbol] else { throw cannot("this bound", body.span) }
      value = binary(symbol, value, tree(comparison.limit))
    }
    return .object([
      ("op", .text("filter")), ("fun", .text(comparison == nil ? (optimum == .least ? "min" : "max") : "∀")), ("values", value),
      ("states", .object([("op", .text("initial"))])),
    ])
  }

  private mutating func path(_ path: PrismPath, _ span: SourceSpan) throws -> JSONTree {
    switch path {
    case .state(let condition): return tree(condition)
    case .eventually(let inner, let bounds, let place):
      return try bounded([("op", .text("F")), ("exp", try self.path(inner, place))], bounds, place)
    case .globally(let inner, let bounds, let place):
      return try bounded([("op", .text("G")), ("exp", try self.path(inner, place))], bounds, place)
    case .until(let a, let b, let bounds, let place): return try until("U", a, b, bounds, place)
    case .weakUntil(let a, let b, let bounds, let place): return try until("W", a, b, bounds, place)
    case .release(let a, let b, let bounds, let place): return try until("R", a, b, bounds, place)
    case .not(let inner, let place): return unary("¬", try self.path(inner, place))
    case .and(let a, let b): return binary("∧", try self.path(a, span), try self.path(b, span))
    case .or(let a, let b): return binary("∨", try self.path(a, span), try self.path(b, span))
    case .next, .conditional, .cumulative, .discounted, .instantaneous, .longRun:
      throw cannot("this path property", path.span ?? span)
    }
  }

  private mutating func until(_ symbol: String, _ a: PrismPath, _ b: PrismPath, _ bounds: PrismPath.Bounds, _ span: SourceSpan)
    throws -> JSONTree
  {
    try bounded([("op", .text(symbol)), ("left", try path(a, span)), ("right", try path(b, span))], bounds, span)
  }

  private mutating func bounded(
    _ members: [(key: String, value: JSONTree)], _ bounds: PrismPath.Bounds, _ span: SourceSpan
  ) throws -> JSONTree {
    if bounds.isAbsent { return .object(members) }
    var interval: [(key: String, value: JSONTree)] = []
    if let lower = bounds.lower {
      interval.append(("lower", tree(lower)))
      if bounds.lowerIsStrict { interval.append(("lower-exclusive", .truth(true))) }
    }
    if let upper = bounds.upper {
      interval.append(("upper", tree(upper)))
      if bounds.upperIsStrict { interval.append(("upper-exclusive", .truth(true))) }
    }
    if bounds.isOnReward {
      let collected: [(key: String, value: JSONTree)] = [
        ("exp", .text(try reward(bounds.reward, span))), ("accumulate", collecting), ("bounds", .object(interval)),
      ]
      return .object(members + [("reward-bounds", .list([.object(collected)]))])
    }
    return .object(members + [(isTimed ? "time-bounds" : "step-bounds", .object(interval))])
  }

  // MARK: Rewards

  /// When rewards are collected: those of transitions by steps, those of states by time, or where time is steps when they are left.
  private var collecting: JSONTree { .list([.text("steps"), .text(isTimed ? "time" : "exit")]) }

  private func reward(_ reference: PrismQuery.RewardReference?, _ span: SourceSpan) throws -> String {
    switch reference {
    case nil: if let first = rewardNames.first { return first }
    case .name(let name):
      if let index = model.rewards.firstIndex(where: { $0.name?.text == name.text }) { return rewardNames[index] }
      throw DiagnosticError(.error("there are no rewards \"\(name.text)\"", at: name.span))
    case .number(let expression):
      if let number = tables.known(expression), number >= 1, number <= Double(rewardNames.count) {
        return rewardNames[Int(number) - 1]
      }
    }
    throw DiagnosticError(.error("there are no such rewards", at: span))
  }

  private mutating func expectation(
    _ query: PrismQuery, _ what: JSONTree, _ symbol: String, collects: JSONTree? = nil
  ) throws -> JSONTree {
    let instant = isTimed ? "time-instant" : "step-instant"
    var members: [(key: String, value: JSONTree)] = [
      ("op", .text(symbol)), ("exp", what), ("accumulate", collects ?? collecting),
    ]
    switch query.body {
    case .eventually(.state(let target), let bounds, let span):
      guard bounds.isAbsent else { throw cannot("the reward until a bounded `F`", span) }
      members.append(("reach", tree(target)))
    case .cumulative(nil, _): break
    case .cumulative(let steps?, _): members.append((instant, tree(steps)))
    case .instantaneous(let time, let span):
      guard collects == nil else { throw cannot("the time at an instant", span) }
      // What the state has then, with nothing collected.
      members[2] = (instant, tree(time))
    case .longRun:
      members[0].value = .text("S" + symbol.dropFirst())
    default: throw cannot("this reward", query.body.span ?? query.span)
    }
    return .object(members)
  }
}
