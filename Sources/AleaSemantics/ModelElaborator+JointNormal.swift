import AleaModel
import AleaSyntax

extension ModelElaborator {
  /// `x ~ MultivariateNormal(mean, covariance)`: independent standard normal draws, then `mean + L z` with the Cholesky factor `L` of the
  /// covariance, which may depend on the state.
  func defineJointNormal(
    _ name: String, _ declaration: Int, _ role: Role, _ arguments: [AST.Argument], _ declared: DomainShape?, _ span: SourceSpan,
    _ nameSpan: SourceSpan, _ scope: inout Elaborator
  ) throws -> Declaration.Shape {
    var given: [String: AST.Expression] = [:]
    for (index, argument) in arguments.enumerated() {
      let label = argument.label?.text ?? (index == 0 ? "mean" : index == 1 ? "covariance" : "")
      guard ["mean", "covariance"].contains(label), given.updateValue(argument.value, forKey: label) == nil else {
        throw scope.fault("this law is called as `MultivariateNormal(mean, covariance)`", argument.value.span)
      }
    }
    guard let mean = given["mean"], let covariance = given["covariance"] else {
      throw scope.fault("this law is called as `MultivariateNormal(mean, covariance)`", span)
    }
    guard let means = try scope.elements(of: scope.elaborate(mean), mean.span),
      let rowOperands = try scope.elements(of: scope.elaborate(covariance), covariance.span)
    else { throw Elaborator.silent }
    let count = means.count
    guard count > 0 else { throw scope.fault("the mean has no elements", mean.span) }
    let rows = try rowOperands.map { try scope.elements(of: $0, covariance.span) ?? [] }
    guard rows.count == count, rows.allSatisfy({ $0.count == count }) else {
      throw scope.fault(
        "the covariance is \(rows.count) by \(rows.first?.count ?? 0), and the mean has \(count) elements", covariance.span)
    }
    let factor = try choleskyFactor(rows, covariance.span, scope)
    let hidden = role == .observed || role == .context ? Role.latent : role
    let draws = (0..<count).map { index -> Operand in
      let id = add(
        Variable(
          name: "\(name)#\(index)", declaration: declaration, role: hidden, domain: .reals,
          mechanism: .draw(
            .primitive(.normal, [context.pool.constant(0, type: .real), context.pool.constant(1, type: .real)])), span: nameSpan))
      return .scalar(context.pool.intern(.variable(id), type: .real, span: span))
    }
    func binary(_ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand) throws -> Operand {
      try scope.binary(operation, a, b, span, span, mean.span, covariance.span)
    }
    let values = try (0..<count).map { row in
      try (0...row).reduce(means[row]) { try binary(.add, $0, binary(.multiply, factor[row][$1], draws[$1])) }
    }
    return try define(name, declaration, role, .array(values, index: .positions), declared, span, nameSpan)
  }

  /// The lower triangular factor of a symmetric matrix, element by element; known elements are computed at once.
  private func choleskyFactor(_ rows: [[Operand]], _ span: SourceSpan, _ scope: Elaborator) throws -> [[Operand]] {
    func binary(_ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand) throws -> Operand {
      try scope.binary(operation, a, b, span, span, span, span)
    }
    func known(_ operand: Operand) -> Double? {
      if case .value(let value) = operand { return scope.encode(value)?.0 }
      return nil
    }
    var factor = rows.map { $0.map { _ in Operand.value(.real(0)) } }
    for row in rows.indices {
      for column in 0...row {
        if let a = known(rows[row][column]), let b = known(rows[column][row]), abs(a - b) > 1e-12 * max(1, abs(a)) {
          throw scope.fault(
            "the covariance is not symmetric", span, label: "elements [\(row)][\(column)] and [\(column)][\(row)] differ")
        }
        let rest = try (0..<column).reduce(rows[row][column]) {
          try binary(.subtract, $0, binary(.multiply, factor[row][$1], factor[column][$1]))
        }
        if row == column {
          if let value = known(rest), !(value > 0) {
            throw scope.fault(
              "the covariance is not positive definite", span,
              label: value == 0
                ? "a combination of the variables has no spread" : "a combination of the variables has a negative variance")
          }
          factor[row][row] = try scope.apply(.sqrt, .real, rest, span, span)
        } else {
          factor[row][column] = try binary(.divide, rest, factor[column][column])
        }
      }
    }
    return factor
  }
}
