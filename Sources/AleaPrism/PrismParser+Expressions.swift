import AleaSyntax

extension PrismParser {
  /// How tightly operators bind; `!` stands between `&` and the comparisons.
  private static let levels: [[(String, PrismOperator)]] = [
    [("=>", .implies)], [("<=>", .iff)], [("|", .or)], [("&", .and)],
    [("=", .equal), ("!=", .notEqual)], [("<", .less), ("<=", .lessEqual), (">", .greater), (">=", .greaterEqual)],
    [("+", .add), ("-", .subtract)], [("*", .multiply), ("/", .divide)],
  ]
  private static let notLevel = 4
  static let functions = ["min", "max", "floor", "ceil", "round", "pow", "mod", "log"]

  mutating func expression() throws -> PrismExpression {
    try nested { parser in
      var branches: [PrismBranch] = []
      var value = try parser.operators(0)
      let start = value.span
      while parser.isSymbol("?") {
        parser.advance()
        let first = try parser.expression()
        try parser.require(":", "and the value otherwise")
        branches.append(PrismBranch(condition: value, value: first))
        if branches.count > Self.maximumLength { throw parser.tooLong(start) }
        value = try parser.operators(0)
      }
      if branches.isEmpty { return value }
      return PrismExpression(.conditional(branches, otherwise: value), start.union(value.span))
    }
  }

  private mutating func tooLong(_ span: SourceSpan) -> Abandoned {
    report(.error("an expression has more than \(Self.maximumLength) parts", at: span))
    return Abandoned()
  }

  private mutating func nested(_ body: (inout PrismParser) throws -> PrismExpression) throws -> PrismExpression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.maximumDepth {
      report(.error("expressions nest more than \(Self.maximumDepth) levels deep", at: current.span))
      throw Abandoned()
    }
    return try body(&self)
  }

  private func operation(_ level: Int) -> PrismOperator? {
    guard case .symbol(let text) = current.kind else { return nil }
    // `=?` ends the query it belongs to.
    if text == "=", isSymbol("?", at: 1) { return nil }
    return Self.levels[level].first { $0.0 == text }?.1
  }

  /// Operators from a level on, by precedence.
  mutating func operators(_ level: Int) throws -> PrismExpression {
    if level == Self.levels.count { return try unary() }
    if level == Self.notLevel, isSymbol("!") { return try negation() }
    let first = try operators(level + 1)
    var rest: [PrismOperation] = []
    while let symbol = operation(level) {
      advance()
      // Below the level of `!` an operand may still begin with it: `a = !b`.
      let operand = isSymbol("!") ? try negation() : try operators(level + 1)
      rest.append(PrismOperation(symbol: symbol, operand: operand))
      if rest.count > Self.maximumLength { throw tooLong(first.span) }
    }
    guard let last = rest.last else { return first }
    return PrismExpression(.chain(first, rest), first.span.union(last.operand.span))
  }

  private mutating func negation() throws -> PrismExpression {
    let start = current.span
    var count = 0
    while accept("!") { count += 1 }
    let operand = try operators(Self.notLevel)
    guard count % 2 == 1 else {
      return PrismExpression(.not(PrismExpression(.not(operand), operand.span)), start.union(operand.span))
    }
    return PrismExpression(.not(operand), start.union(operand.span))
  }

  private mutating func unary() throws -> PrismExpression {
    let start = current.span
    var isNegative = false
    var hasSign = false
    while isSymbol("-") || isSymbol("+") {
      hasSign = true
      if isSymbol("-") { isNegative.toggle() }
      advance()
    }
    if isSymbol("!") { return try negation() }
    var operand = try primary()
    if accept("^") {
      let exponent = try nested { try $0.unary() }
      operand = PrismExpression(
        .chain(operand, [PrismOperation(symbol: .power, operand: exponent)]), operand.span.union(exponent.span))
    }
    guard hasSign, isNegative else { return operand }
    return PrismExpression(.negate(operand), start.union(operand.span))
  }

  private mutating func primary() throws -> PrismExpression {
    let token = current
    switch token.kind {
    case .integer(let value):
      advance()
      return PrismExpression(.integer(value), token.span)
    case .real(let value):
      advance()
      return PrismExpression(.real(value), token.span)
    case .string(let text):
      advance()
      return PrismExpression(.label(text), token.span)
    case .symbol("("):
      advance()
      let inner = try expression()
      try require(")", "to close the parenthesis")
      return PrismExpression(inner.kind, token.span.union(previousSpan))
    case .identifier(let word): return try word == "func" ? functionCall() : wordExpression(word)
    default:
      expected("an expression")
      throw Abandoned()
    }
  }

  /// `func(min, a, b)`, the old spelling of `min(a, b)`.
  private mutating func functionCall() throws -> PrismExpression {
    let start = current.span
    advance()
    try require("(", "after `func`")
    let name = try name("the name of a function")
    var arguments: [PrismExpression] = []
    while accept(",") { arguments.append(try expression()) }
    try require(")", "to close the arguments")
    return PrismExpression(.call(name, arguments), start.union(previousSpan))
  }

  private mutating func wordExpression(_ word: String) throws -> PrismExpression {
    let token = current
    if word == "true" || word == "false" {
      advance()
      return PrismExpression(.boolean(word == "true"), token.span)
    }
    if let query = try quantitative(word) { return query }
    if word == "filter" || word == "multi", isSymbol("(", at: 1) { return try filterOrMulti(word) }
    let name = try name("an expression")
    guard isSymbol("("), !isInBound || Self.functions.contains(word) else { return PrismExpression(.name(word), token.span) }
    let arguments = try arguments()
    return PrismExpression(.call(name, arguments), token.span.union(previousSpan))
  }

  private mutating func arguments() throws -> [PrismExpression] {
    try require("(", "before the arguments")
    var arguments: [PrismExpression] = []
    if accept(")") { return arguments }
    repeat { arguments.append(try expression()) } while accept(",")
    try require(")", "to close the arguments")
    return arguments
  }

  private mutating func filterOrMulti(_ word: String) throws -> PrismExpression {
    let start = current.span
    if word == "multi" {
      advance()
      return PrismExpression(.multi(try arguments()), start.union(previousSpan))
    }
    advance()
    try require("(", "after `filter`")
    guard case .identifier(let text) = current.kind else {
      // `filter(+, ...)` and `filter(&, ...)` are the short forms.
      for (symbol, long) in [("+", "sum"), ("&", "forall"), ("|", "exists")] where isSymbol(symbol) {
        let operation = PrismName(text: long, span: current.span)
        advance()
        return try filterRest(operation, start)
      }
      expected("what the filter makes of the states, such as `max`")
      throw Abandoned()
    }
    let operation = PrismName(text: text, span: current.span)
    advance()
    return try filterRest(operation, start)
  }

  private mutating func filterRest(_ operation: PrismName, _ start: SourceSpan) throws -> PrismExpression {
    try require(",", "and the property to filter")
    let body = try expression()
    let states = accept(",") ? try expression() : nil
    try require(")", "to close the filter")
    return PrismExpression(.filter(operation, body, states), start.union(previousSpan))
  }

  // MARK: Queries

  static let quantities: [String: (PrismQuery.Quantity, PrismQuery.Optimum?)] = [
    "P": (.probability, nil), "Pmin": (.probability, .least), "Pmax": (.probability, .greatest),
    "R": (.reward(nil), nil), "Rmin": (.reward(nil), .least), "Rmax": (.reward(nil), .greatest),
    "S": (.steadyState, nil), "Smin": (.steadyState, .least), "Smax": (.steadyState, .greatest),
    "LRA": (.steadyState, nil), "LRAmin": (.steadyState, .least), "LRAmax": (.steadyState, .greatest),
    "T": (.time, nil), "Tmin": (.time, .least), "Tmax": (.time, .greatest),
  ]

  /// Whether a query begins here: `P=?`, `P<0.1`, `R{"x"}min=?`. A model may have a variable `P` as well.
  private func beginsQuery(_ word: String) -> Bool {
    guard Self.quantities[word] != nil else { return false }
    if word.hasPrefix("R"), isSymbol("{", at: 1) { return true }
    if isSymbol("=", at: 1), isSymbol("?", at: 2) { return true }
    if isWord("min", at: 1) || isWord("max", at: 1) { return true }
    // A bound: the bracket of the path follows somewhere behind it.
    guard case .symbol(let symbol) = token(1).kind, ["<", "<=", ">", ">="].contains(symbol) else { return false }
    var offset = 2
    while case let kind = token(offset).kind, kind != .end, offset < 64 {
      switch kind {
      case .symbol("["): return true
      case .symbol("]"), .symbol(";"), .symbol("&"), .symbol("|"), .symbol(","): return false
      default: offset += 1
      }
    }
    return false
  }

  private mutating func quantitative(_ word: String) throws -> PrismExpression? {
    guard beginsQuery(word), var (quantity, optimum) = Self.quantities[word] else { return nil }
    let start = current.span
    advance()
    if case .reward = quantity, accept("{") {
      quantity = .reward(try rewardReference())
      try require("}", "after the name of the rewards")
      // `R{"a"}/{"b"}` divides two rewards, in games only.
      if isSymbol("{") || isSymbol("/") {
        report(
          .error(
            "a quotient of two rewards is not supported", at: current.span,
            notes: ["the quotient of two numbers can be asked for: `R{\"a\"}=? [ S ] / R{\"b\"}=? [ S ]`"]))
        throw Abandoned()
      }
    }
    if optimum == nil {
      if accept(word: "min") { optimum = .least } else if accept(word: "max") { optimum = .greatest }
    }
    let relation: PrismQuery.Relation
    if isSymbol("="), isSymbol("?", at: 1) {
      advance()
      advance()
      relation = .query
    } else if case .symbol(let text) = current.kind, let symbol = PrismOperator(rawValue: text),
      [.less, .lessEqual, .greater, .greaterEqual].contains(symbol)
    {
      advance()
      relation = .bound(symbol, try operators(6))
    } else {
      expected("`=?` or a bound such as `>=0.5`")
      throw Abandoned()
    }
    try require("[", "before what is asked")
    let body = try nestedPath(quantity)
    // `P=? [ F x {init}{max} ]`, the old filters.
    let filter = accept("{") ? try oldFilter() : nil
    try require("]", "after what is asked")
    let query = PrismQuery(
      quantity: quantity, optimum: optimum, relation: relation, body: body, span: start.union(previousSpan))
    let result = PrismExpression(.query(query), query.span)
    guard let filter else { return result }
    return PrismExpression(.filter(filter.operation, result, filter.states), query.span)
  }

  /// `{states}{max}`: the value in the one state, or the least or greatest over several.
  private mutating func oldFilter() throws -> (operation: PrismName, states: PrismExpression) {
    let states = try expression()
    try require("}", "after the states")
    guard accept("{") else { return (PrismName(text: "state", span: states.span), states) }
    let span = current.span
    for word in ["min", "max"] where accept(word: word) {
      try require("}", "after what is made of the states")
      return (PrismName(text: word, span: span), states)
    }
    expected("`min` or `max`")
    throw Abandoned()
  }

  private mutating func rewardReference() throws -> PrismQuery.RewardReference {
    if case .string(let text) = current.kind {
      let name = PrismName(text: text, span: current.span)
      advance()
      return .name(name)
    }
    return .number(try expression())
  }

  private mutating func nestedPath(_ quantity: PrismQuery.Quantity) throws -> PrismPath {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      report(.error("properties nest more than \(Self.maximumDepth) levels deep", at: current.span))
      throw Abandoned()
    }
    switch quantity {
    case .probability: return try path()
    case .steadyState: return .state(try expression())
    case .reward, .time: return try rewardPath()
    }
  }

  private mutating func rewardPath() throws -> PrismPath {
    let start = current.span
    if isWord("C") {
      advance()
      if accept("<=") {
        return .cumulative(try expression(), start.union(previousSpan))
      }
      if accept("<") {
        report(.error("a cumulative reward is bounded by `C<=k`", at: previousSpan))
        throw Abandoned()
      }
      return .cumulative(nil, start)
    }
    if isWord("Cdiscount"), isSymbol("=", at: 1) {
      advance()
      advance()
      return .discounted(try expression(), start.union(previousSpan))
    }
    if isWord("I"), isSymbol("=", at: 1) {
      advance()
      advance()
      return .instantaneous(try expression(), start.union(previousSpan))
    }
    if isWord("S") || isWord("LRA"), isSymbol("]", at: 1) {
      advance()
      return .longRun(start)
    }
    return try path()
  }

  // MARK: Paths

  mutating func path() throws -> PrismPath {
    let first = try until()
    guard isSymbol("||") else { return first }
    advance()
    let second = try until()
    let span = first.span ?? previousSpan
    return .conditional(first, second, span.union(second.span ?? previousSpan))
  }

  /// `U`, `W`, `R` and, one level tighter, `X`, `F`, `G` bind less tightly than every operator between states: `F a & b` is `F (a & b)`.
  private mutating func until() throws -> PrismPath {
    let first = try temporal()
    for word in ["U", "W", "R"] where isWord(word) && !beginsQuery(word) {
      advance()
      let bounds = try bounds()
      let second = try temporal()
      let span = (first.span ?? previousSpan).union(second.span ?? previousSpan)
      switch word {
      case "U": return .until(first, second, bounds, span)
      case "W": return .weakUntil(first, second, bounds, span)
      default: return .release(first, second, bounds, span)
      }
    }
    return first
  }

  private mutating func temporal() throws -> PrismPath {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      report(.error("properties nest more than \(Self.maximumDepth) levels deep", at: current.span))
      throw Abandoned()
    }
    let start = current.span
    if isWord("X"), !isOperand(1) {
      advance()
      let inner = try temporal()
      return .next(inner, start.union(inner.span ?? start))
    }
    if isWord("F") || isWord("G"), !isOperand(1) {
      let isEventually = isWord("F")
      advance()
      let bounds = try bounds()
      let inner = try temporal()
      let span = start.union(inner.span ?? start)
      return isEventually ? .eventually(inner, bounds, span) : .globally(inner, bounds, span)
    }
    // A condition on states alone is an expression like any other.
    return operandHoldsPath() ? try implication() : .state(try expression())
  }

  /// `a => b` between paths is `!a | b`.
  private mutating func implication() throws -> PrismPath {
    let first = try disjunction()
    guard isSymbol("=>") else { return first }
    advance()
    let second = try implication()
    return .or(.not(first, first.span ?? previousSpan), second)
  }

  private mutating func disjunction() throws -> PrismPath {
    var result = try conjunction()
    var count = 0
    while isSymbol("|"), count < Self.maximumDepth {
      advance()
      result = .or(result, try conjunction())
      count += 1
    }
    return result
  }

  private mutating func conjunction() throws -> PrismPath {
    var result = try operand()
    var count = 0
    while isSymbol("&"), count < Self.maximumDepth {
      advance()
      result = .and(result, try operand())
      count += 1
    }
    return result
  }

  private mutating func operand() throws -> PrismPath {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      report(.error("properties nest more than \(Self.maximumDepth) levels deep", at: current.span))
      throw Abandoned()
    }
    let start = current.span
    if ["X", "F", "G"].contains(where: { isWord($0) }), !isOperand(1) { return try temporal() }
    if isSymbol("!") {
      advance()
      let inner = try operand()
      if case .state(let expression) = inner {
        return .state(PrismExpression(.not(expression), start.union(expression.span)))
      }
      return .not(inner, start.union(inner.span ?? start))
    }
    if isSymbol("("), parenthesisHoldsPath() {
      advance()
      let inner = try path()
      try require(")", "to close the parenthesis")
      return inner
    }
    // A comparison or a single condition; `&` and `|` belong to the levels above.
    return .state(try operators(4))
  }

  /// Whether a temporal operator stands in what begins here, up to the end of the operand and outside of nested queries.
  private func operandHoldsPath() -> Bool {
    var open = 0
    var brackets = 0
    var offset = 0
    while true {
      let token = token(offset)
      switch token.kind {
      case .end, .symbol(";"): return false
      case .symbol("("): open += 1
      case .symbol(")"):
        open -= 1
        if open < 0 { return false }
      case .symbol("["): brackets += 1
      case .symbol("]"):
        brackets -= 1
        if brackets < 0 { return false }
      case .symbol("||") where open == 0 && brackets == 0: return false
      case .identifier(let word) where brackets == 0:
        if ["X", "F", "G"].contains(word), !isOperand(offset + 1) { return true }
        if word == "U" || word == "W" || (word == "R" && !isSymbol("{", at: offset + 1) && !isSymbol("=", at: offset + 1)) {
          if open > 0 { return true }
          return false
        }
      default: break
      }
      offset += 1
    }
  }

  /// Whether `F` and the like are followed by an operator, so that they are variables.
  private func isOperand(_ offset: Int) -> Bool {
    guard case .symbol(let symbol) = token(offset).kind else { return false }
    if symbol == "<=" || symbol == "<" || symbol == ">=" || symbol == ">" || symbol == "=" { return false }
    return ["!=", "+", "-", "*", "/", "]", ")", "&", "|", ",", "?"].contains(symbol)
  }

  /// Whether the parenthesis that opens here has a temporal operator directly inside.
  private func parenthesisHoldsPath() -> Bool {
    var open = 0
    var brackets = 0
    var offset = 0
    while true {
      let token = token(offset)
      switch token.kind {
      case .end: return false
      case .symbol("("): open += 1
      case .symbol(")"):
        open -= 1
        if open == 0 { return false }
      case .symbol("["): brackets += 1
      case .symbol("]"): brackets -= 1
      case .identifier(let word) where brackets == 0 && ["X", "F", "G", "U", "W"].contains(word): return true
      case .identifier("R") where brackets == 0 && !isSymbol("{", at: offset + 1) && !isSymbol("=", at: offset + 1): return true
      default: break
      }
      offset += 1
    }
  }

  private mutating func bounds() throws -> PrismPath.Bounds {
    var result = PrismPath.Bounds()
    if accept("^") {
      try require("{", "before what is bounded")
      guard accept(word: "rew") else {
        expected("`rew` and the name of the rewards")
        throw Abandoned()
      }
      result.isOnReward = true
      if accept("{") {
        result.reward = try rewardReference()
        try require("}", "after the name of the rewards")
      }
      try bound(&result)
      try require("}", "after the bound")
      return result
    }
    if isSymbol("{"), case .string = token(1).kind, isSymbol("}", at: 2) {
      // `F{"r"}<=b`, as Storm writes it.
      advance()
      result.isOnReward = true
      result.reward = try rewardReference()
      try require("}", "after the name of the rewards")
      try bound(&result)
      return result
    }
    if isSymbol("[") {
      advance()
      result.lower = try expression()
      try require(",", "and the last step")
      result.upper = try expression()
      try require("]", "after the steps")
      return result
    }
    if case .symbol(let text) = current.kind, ["<=", "<", ">=", ">", "="].contains(text) { try bound(&result) }
    return result
  }

  private mutating func bound(_ result: inout PrismPath.Bounds) throws {
    guard case .symbol(let text) = current.kind, ["<=", "<", ">=", ">", "="].contains(text) else {
      expected("a bound such as `<=10`")
      throw Abandoned()
    }
    advance()
    let wasInBound = isInBound
    isInBound = true
    defer { isInBound = wasInBound }
    let value = try operators(6)
    switch text {
    case "<=", "<":
      result.upper = value
      result.upperIsStrict = text == "<"
    case ">=", ">":
      result.lower = value
      result.lowerIsStrict = text == ">"
    default:
      result.lower = value
      result.upper = value
    }
  }
}
