import AleaModel
import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// Restrictions that are not affine in the unknowns.
@Suite struct CurvedMomentTests {
  /// `E[residual(y, h(x)) | z] = 0` with h linear.
  static func problem(_ residual: (inout ExpressionPool, ExpressionID, ExpressionID) -> ExpressionID) -> MomentProblem {
    var problem = MomentProblem(
      name: "curved", columns: ["y", "x", "z"], unknowns: [.init(name: "h", arguments: ["x"], functionClass: .linear)])
    func variable(_ index: Int) -> ExpressionID { problem.pool.intern(.variable(VariableID(index)), type: .real, span: nil) }
    let (y, x, h) = (variable(0), variable(1), variable(3))
    problem.applications = [.init(unknown: 0, arguments: [x])]
    let body = residual(&problem.pool, y, h)
    problem.restrictions = [.init(residual: body, statistic: .mean, conditioning: ["z"], text: "E[r | z] = 0")]
    return problem
  }

  static func sample(_ n: Int, _ outcome: (Double, Double) -> Double) throws -> MomentData {
    var random = RandomStream(seed: 11, stream: 6)
    var columns: [String: [Double]] = [:]
    for _ in 0..<n {
      let (z, u) = (random.normal(), random.normal())
      let x = 0.8 * z + 0.5 * u
      for (name, value) in ["x": x, "z": z, "y": outcome(x, u)] { columns[name, default: []].append(value) }
    }
    return try MomentData(columns)
  }

  /// Every function with a derivative, against differences.
  @Test func derivativesAgreeWithDifferences() throws {
    let smooth = UnaryFunction.allCases.filter {
      ![.not, .abs, .sign, .floor, .ceil, .round, .logGamma, .normalQuantile].contains($0)
    }
    var forms: [(String, (inout ExpressionPool, ExpressionID, ExpressionID) -> ExpressionID)] = smooth.map { function in
      (function.rawValue, { pool, _, h in pool.unary(function, h, type: .real, span: nil) })
    }
    for function in [BinaryFunction.add, .subtract, .multiply, .divide, .power] {
      forms.append((function.rawValue, { pool, y, h in pool.binary(function, h, y, type: .real, span: nil) }))
      forms.append((function.rawValue + " of data", { pool, y, h in pool.binary(function, y, h, type: .real, span: nil) }))
      forms.append((function.rawValue + " of itself", { pool, _, h in pool.binary(function, h, h, type: .real, span: nil) }))
    }
    for (name, form) in forms {
      var problem = Self.problem(form)
      let id = problem.restrictions[0].residual
      let derivative = problem.derivative(id, in: 0)
      let slope = try #require(derivative, "\(name)")
      for (y, h) in [(1.3, 0.4), (0.7, 2.1)] {
        func value(_ id: ExpressionID, _ h: Double) -> Double { Self.value(problem.pool, id, [y, 0, 0, h]) }
        let difference = (value(id, h + 1e-5) - value(id, h - 1e-5)) / 2e-5
        #expect(abs(value(slope, h) - difference) < 1e-7 * max(1, abs(difference)), "\(name) at \(h)")
      }
    }
    var rounded = Self.problem { pool, _, h in pool.unary(.floor, h, type: .real, span: nil) }
    let none = rounded.derivative(rounded.restrictions[0].residual, in: 0)
    #expect(none == nil)
  }

  /// The value of an expression at given variables, node by node.
  static func value(_ pool: ExpressionPool, _ id: ExpressionID, _ variables: [Double]) -> Double {
    switch pool[id].kind {
    case .constant(let number): number
    case .variable(let variable): variables[Int(variable.index)]
    case .unary(let function, let a): function(value(pool, a, variables))
    case .binary(let function, let a, let b): function(value(pool, a, variables), value(pool, b, variables))
    default: .nan
    }
  }

  /// An exponential turned into logarithms is affine: with exact data both find the truth.
  @Test func exactDataGiveTheTruth() throws {
    let data = try Self.sample(50) { x, _ in UnaryFunction.exp(0.3 - 0.7 * x) }
    let problem = Self.problem { pool, y, h in
      pool.binary(.subtract, y, pool.unary(.exp, h, type: .real, span: nil), type: .real, span: nil)
    }
    let fit = try SieveMinimumDistance().fit(problem, data)
    #expect(abs(fit.functions[0].coefficients[0] - 0.3) < 1e-9)
    #expect(abs(fit.functions[0].coefficients[1] + 0.7) < 1e-9)
  }

  /// With more conditions than coefficients the gradient of the objective vanishes, by differences.
  @Test func overdeterminedFitsAreStationary() throws {
    let data = try Self.sample(400) { x, u in UnaryFunction.logistic(0.5 + x) + 0.3 * u }
    let problem = Self.problem { pool, y, h in
      pool.binary(.subtract, y, pool.unary(.logistic, h, type: .real, span: nil), type: .real, span: nil)
    }
    let fit = try SieveMinimumDistance(instruments: .polynomial(degree: 3, interactions: false)).fit(problem, data)
    let (x, y, z) = (data.columns["x"] ?? [], data.columns["y"] ?? [], data.columns["z"] ?? [])
    let basis = Matrix(columns: (0..<4).map { power in z.map { pow($0, Double(power)) } }, rows: 400)
    let q = try #require(basis.qr()?.q)
    func objective(_ a: Double, _ b: Double) -> Double {
      let residual = Matrix(column: zip(x, y).map { $1 - UnaryFunction.logistic(a + b * $0) })
      return q.transposeTimes(residual).elements.reduce(0) { $0 + $1 * $1 }
    }
    let (a, b) = (fit.functions[0].coefficients[0], fit.functions[0].coefficients[1])
    #expect(abs(objective(a + 1e-4, b) - objective(a - 1e-4, b)) < 1e-9)
    #expect(abs(objective(a, b + 1e-4) - objective(a, b - 1e-4)) < 1e-9)
    #expect(objective(a, b) < objective(a + 0.01, b) && objective(a, b) < objective(a, b - 0.01))
    #expect(abs(objective(a, b) / 400 - fit.objective) < 1e-12)
  }

  @Test func curvedRestrictionsInHilbertSpacesAreRefused() throws {
    var problem = Self.problem { pool, y, h in
      pool.binary(.subtract, y, pool.unary(.exp, h, type: .real, span: nil), type: .real, span: nil)
    }
    #expect(problem.form(problem.restrictions[0].residual) == .smooth)
    #expect(throws: MomentFault.self) { try Minimax().check(problem) }
    problem.unknowns[0].functionClass = .rkhs(Kernel(), rank: 100)
    #expect(throws: MomentFault.self) { try SieveMinimumDistance(ridge: 1).check(problem) }
  }
}
