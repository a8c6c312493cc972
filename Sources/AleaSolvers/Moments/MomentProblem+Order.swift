extension FunctionClass {
  /// The number of coefficients on so many arguments; nil where the data decide.
  ///
  /// Without arguments every class is a constant.
  public func size(arguments: Int) -> Int? {
    guard arguments > 0 else { return 1 }
    switch self {
    case .linear: return arguments + 1
    case .polynomial(let degree, false): return 1 + arguments * degree
    // The monomials of at most the degree: the binomial coefficient of degree + arguments over arguments.
    case .polynomial(let degree, true): return (1...arguments).reduce(1) { $0 * (degree + $1) / $1 }
    case .spline(let size, _, false): return size + (arguments - 1) * (size - 1)
    case .spline(let size, _, true):
      return (0..<arguments).reduce(Optional(1)) { product, _ in
        product.flatMap { $0.multipliedReportingOverflow(by: size).overflow ? nil : $0 * size }
      }
    case .tabular, .rkhs: return nil
    }
  }
}

extension MomentProblem {
  /// The unknowns that a restriction mentions.
  public func unknowns(in restriction: Restriction) -> Set<Int> {
    var result = Set<Int>()
    for case .variable(let variable) in pool.leaves(of: [restriction.residual]) {
      let place = Int(variable.index) - columns.count
      if applications.indices.contains(place) { result.insert(applications[place].unknown) }
    }
    return result
  }

  /// Refuses unknowns that no restriction mentions.
  func checkUse() throws {
    let used = restrictions.reduce(into: Set<Int>()) { $0.formUnion(unknowns(in: $1)) }
    for (index, unknown) in unknowns.enumerated() where !used.contains(index) {
      throw MomentFault(
        "no restriction mentions `\(unknown.name)`",
        remedy: "leave it out, or say in a `require` what makes it the right function")
    }
  }

  /// Refuses unknowns with more coefficients than the restrictions that mention them give moment conditions.
  ///
  /// Each unknown is counted alone and all together; classes whose size only the data know, and those held back by a norm, are left
  /// to the fit.
  ///
  /// - Parameters:
  ///   - tests: the class of the functions of the conditioning variables; nil for the one that matches the first unknown's.
  ///   - label: the argument of the method that sets it.
  func checkOrder(tests: FunctionClass?, label: String) throws {
    let tests = tests ?? unknowns.first?.functionClass.testing ?? .linear
    let moments = restrictions.map { tests.size(arguments: $0.conditioning.count) }
    let mentions = restrictions.map(unknowns(in:))
    func check(_ group: [Int]) throws {
      var coefficients = 0
      for index in group {
        guard let size = unknowns[index].functionClass.size(arguments: unknowns[index].arguments.count) else { return }
        coefficients += size
      }
      let places = restrictions.indices.filter { !mentions[$0].isDisjoint(with: group) }
      var conditions = 0
      for place in places {
        guard let count = moments[place] else { return }
        conditions += count
      }
      guard coefficients > conditions else { return }
      let names = group.map { "`\(unknowns[$0].name)`" }.joined(separator: ", ")
      let given = places.contains { !restrictions[$0].conditioning.isEmpty }
      throw MomentFault(
        "\(names) \(group.count == 1 ? "has" : "have") \(coefficients) coefficients, and "
          + (places.count == 1 ? "its restriction gives" : "the \(places.count) restrictions give")
          + " only \(conditions) moment condition\(conditions == 1 ? "" : "s")"
          + (given ? ": \(tests) of what stands after `|`" : ": nothing stands after `|`"),
        remedy: given
          ? "take a smaller class for the unknown, or a larger one for `\(label):`, as in `\(label): Polynomial(degree: 5)`"
          : "condition on the instruments, as in `E[... | z] = 0`, or take a smaller class for the unknown")
    }
    for index in unknowns.indices { try check([index]) }
    if unknowns.count > 1 { try check(Array(unknowns.indices)) }
  }

  /// Refuses restrictions on probabilities, which only the quantile estimators answer.
  func checkMeans(_ method: String) throws {
    guard restrictions.contains(where: { $0.statistic != .mean }) else { return }
    throw MomentFault("`\(method)` is for means, and `\(name)` requires a probability", remedy: "use `SmoothedQuantile()`")
  }
}
