import AleaModel
import AleaSyntax

extension ModelElaborator {
  // MARK: Objective

  func elaborateObjective(_ syntax: AST.Model) throws {
    var discount: (Double, SourceSpan)?
    var horizon: (Int, SourceSpan)?
    var total: SourceSpan?
    var average: SourceSpan?
    var objective = Objective(criterion: .total)
    for member in syntax.members {
      guard case .objective(let clause) = member.kind else { continue }
      var scope = elaborator()
      func number(_ expression: AST.Expression, _ what: String) throws -> Double {
        switch try scope.elaborate(expression) {
        case .value(let value):
          if let (number, type) = scope.encode(value), type == .integer || type == .real { return number }
          throw scope.fault("\(what) is a number, and this is \(value.kindDescription)", expression.span)
        case .unchecked: throw Elaborator.silent
        default: throw scope.fault("\(what) must be known before the model runs", expression.span)
        }
      }
      let result: Void? = attempt {
        switch clause {
        case .discount(let expression):
          let value = try number(expression, "the discount")
          if let earlier = discount { throw twice("discount", member.span, earlier.1) }
          if value == 1 {
            throw scope.fault(
              "a discount of 1 is no discount", expression.span,
              notes: ["write `total`, `horizon n` or `average` for undiscounted objectives"])
          }
          guard value >= 0, value < 1 else {
            throw scope.fault(
              "the discount lies in [0, 1), and this is \(NumberText.significant(value, digits: 8))", expression.span)
          }
          discount = (value, member.span)
        case .horizon(let expression):
          let value = try number(expression, "the horizon")
          if let earlier = horizon { throw twice("horizon", member.span, earlier.1) }
          guard value >= 1, value.rounded() == value, value < 1e15 else {
            throw scope.fault(
              "the horizon is a whole number of steps from 1, and this is \(NumberText.significant(value, digits: 8))",
              expression.span)
          }
          horizon = (Int(value), member.span)
        case .total:
          if let earlier = total { throw twice("total", member.span, earlier) }
          total = member.span
        case .average:
          if let earlier = average { throw twice("average", member.span, earlier) }
          average = member.span
        case .optimize(let maximize, let modifier, let expression):
          objective.maximizes = maximize
          objective.modifier = modifier?.text
          if let modifier, modifier.text != "iterated", modifier.text != "stagewise" {
            throw scope.fault(
              "`\(modifier.text)` is no kind of aggregation", modifier.span, notes: ["`iterated` and `stagewise` are"])
          }
          // `number` elaborates in `scope` itself.
          var own = elaborator()
          objective.functional = try functional(expression, &own, number)
        case .constraint(let expression): objective.constraints.append(try constraint(expression, number))
        case .regularize(let expression): objective.regularizers.append(try self.clause(expression, per: nil, number))
        case .against(let expression, let per):
          if objective.ambiguity != nil { throw scope.fault("there are two `against` clauses", member.span) }
          objective.ambiguity = try self.clause(expression, per: per, number)
        }
      }
      if result == nil { objective.span = objective.span ?? member.span }
    }
    let stated: [(String, SourceSpan)] =
      [("discount", discount?.1), ("total", total), ("average", average)].compactMap { name, span in span.map { (name, $0) } }
    if stated.count > 1 {
      throw DiagnosticError(
        .error(
          "the model has two objectives, `\(stated[0].0)` and `\(stated[1].0)`", at: stated[1].1,
          secondary: [.init(stated[0].1, "the other one")],
          notes: ["one model has one objective; parameters of the model may choose its numbers"]))
    }
    if let horizon, let other = stated.first(where: { $0.0 != "discount" }) {
      throw DiagnosticError(
        .error(
          "the model has two objectives, `horizon` and `\(other.0)`", at: other.1, secondary: [.init(horizon.1, "the other one")])
      )
    }
    if let horizon {
      objective.criterion = .finiteHorizon(horizon.0, discount: discount?.0 ?? 1)
      objective.span = horizon.1
    } else if let discount {
      objective.criterion = .discounted(discount.0)
      objective.span = discount.1
    } else if let average {
      objective.criterion = .average
      objective.span = average
    } else {
      if total == nil, process.terminal == nil, !process.channels.isEmpty, process.kind == .mdp,
        !diagnostics.contains(where: { $0.severity == .error })
      {
        throw DiagnosticError(
          .error(
            "`\(syntax.name.text)` does not say how the rewards of its steps add up", at: syntax.name.span,
            label: "an objective is missing",
            notes: [
              "add `discount 0.95`, `horizon 20` or `average`; or say where it ends, by `terminal when ...`, and all rewards count alike"
            ]))
      }
      objective.criterion = .total
      objective.span = total ?? (process.terminal != nil ? syntax.name.span : objective.span)
    }
    process.objective = objective
    for constraint in objective.constraints where !process.channels.contains(where: { $0.name == constraint.channel }) {
      let nearest = Spelling.nearest(constraint.channel, in: process.channels.map(\.name))
      report(
        .error(
          "there is no channel `\(constraint.channel)`", at: constraint.span,
          label: nearest.map { "did you mean `\($0)`?" } ?? "",
          notes: process.channels.isEmpty ? [] : ["the channels are \(elaborator().list(process.channels.map(\.name)))"]))
    }
  }

  func twice(_ what: String, _ span: SourceSpan, _ earlier: SourceSpan) -> DiagnosticError {
    DiagnosticError(.error("`\(what)` is given twice", at: span, secondary: [.init(earlier, "first here")]))
  }

  func functional(
    _ expression: AST.Expression, _ scope: inout Elaborator, _ number: (AST.Expression, String) throws -> Double
  )
    throws -> Objective.Functional
  {
    switch expression.kind {
    case .name("mean"): return .mean
    case .call(let callee, let arguments):
      guard case .name(let name) = callee.kind, arguments.count == 1 else { break }
      let argument = arguments[0].value
      switch name {
      case "cvar", "quantile":
        let level = try number(argument, "the level")
        guard level > 0, level <= 1 else {
          throw scope.fault("the level of `\(name)` lies above 0 and is at most 1", argument.span)
        }
        return name == "cvar" ? .conditionalValueAtRisk(level) : .quantile(level)
      case "entropic": return .entropic(try number(argument, "the risk aversion"))
      case "probability":
        if case .binary(.greaterEqual, let left, let right, _) = argument.kind, case .name("return") = left.kind {
          return .probabilityAtLeast(try number(right, "the level"))
        }
        throw scope.fault("`probability` is used as `probability(return >= level)`", argument.span)
      default: break
      }
    case .binary(.subtract, let left, let right, _):
      if case .name("mean") = left.kind, case .binary(.multiply, let weight, let deviation, _) = right.kind,
        case .name("deviation") = deviation.kind
      {
        return .meanMinusDeviation(try number(weight, "the weight of the deviation"))
      }
    default: break
    }
    throw scope.fault(
      "this is nothing that can be maximised", expression.span,
      notes: ["`mean`, `cvar(0.1)`, `quantile(0.5)`, `entropic(2)`, `probability(return >= 10)` and `mean - 0.5 * deviation` can"]
    )
  }

  func constraint(_ expression: AST.Expression, _ number: (AST.Expression, String) throws -> Double) throws
    -> Objective.Constraint
  {
    if case .binary(let operation, let left, let right, _) = expression.kind, case .name(let channel) = left.kind,
      operation == .lessEqual || operation == .greaterEqual
    {
      return Objective.Constraint(
        channel: channel, isUpperBound: operation == .lessEqual, bound: try number(right, "the bound"), span: expression.span)
    }
    throw elaborator().fault("a constraint bounds a channel, as in `subject to waste <= 3`", expression.span)
  }

  func clause(_ expression: AST.Expression, per: AST.Name?, _ number: (AST.Expression, String) throws -> Double) throws
    -> Objective.Clause
  {
    guard case .call(let callee, let arguments) = expression.kind, case .name(let name) = callee.kind else {
      throw elaborator().fault("this clause is written as a call, such as `kl(0.05)`", expression.span)
    }
    var values: [String: Double] = [:]
    for (index, argument) in arguments.enumerated() {
      if case .name = argument.value.kind, argument.label?.text == "reference" { continue }
      values[argument.label?.text ?? "\(index)"] = try number(argument.value, "an argument of `\(name)`")
    }
    return Objective.Clause(name: name, arguments: values, per: per?.text, span: expression.span)
  }
}
