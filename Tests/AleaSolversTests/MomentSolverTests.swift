import AleaModel
import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// Ways of computing the same estimate against each other, and what is refused before there are data.
@Suite struct MomentSolverTests {
  static func largest(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0 : .infinity
  }

  /// Two endogenous regressors whose residual's variance moves with an instrument.
  static func sample(_ n: Int, seed: UInt64) throws -> MomentData {
    var random = RandomStream(seed: seed, stream: 4)
    var columns: [String: [Double]] = [:]
    for _ in 0..<n {
      let (u, z, w) = (random.normal(), random.normal(), random.normal())
      let x = 1.2 * z + 0.8 * u + 0.1 * random.normal()
      let v = w + 0.5 * u + 0.2 * random.normal()
      let row = ["x": x, "v": v, "z": z, "w": w, "y": sin(x) + 0.5 * v + u * (1 + 0.5 * abs(z))]
      for (name, value) in row { columns[name, default: []].append(value) }
    }
    return try MomentData(columns)
  }

  /// `E[y - f(x) - g(v) | z, w] = 0`.
  static func partlyPenalised(_ f: FunctionClass, _ g: FunctionClass) -> MomentProblem {
    var problem = MomentProblem(
      name: "partly", columns: ["y", "x", "v", "z", "w"],
      unknowns: [
        .init(name: "f", arguments: ["x"], functionClass: f), .init(name: "g", arguments: ["v"], functionClass: g),
      ])
    func variable(_ index: Int) -> ExpressionID { problem.pool.intern(.variable(VariableID(index)), type: .real, span: nil) }
    problem.applications = [.init(unknown: 0, arguments: [variable(1)]), .init(unknown: 1, arguments: [variable(2)])]
    let first = problem.pool.binary(.subtract, variable(0), variable(5), type: .real, span: nil)
    let residual = problem.pool.binary(.subtract, first, variable(6), type: .real, span: nil)
    problem.restrictions = [
      .init(residual: residual, statistic: .mean, conditioning: ["z", "w"], text: "E[y - f(x) - g(v) | z, w] = 0")
    ]
    return problem
  }

  @Test func saddlePointsAreTheClosedForm() throws {
    let data = try Self.sample(300, seed: 1)
    let hilbert = FunctionClass.rkhs(Kernel(), rank: 40)
    let cases: [(MomentProblem, FunctionClass?, Bool, Double)] = [
      (.regression(outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: hilbert), nil, false, 2),
      (.regression(outcome: "y", arguments: ["x", "v"], conditioning: ["z", "w"], functionClass: .linear), nil, false, 0),
      (.regression(outcome: "y", arguments: ["x"], conditioning: ["z", "w"], functionClass: .linear), nil, true, 0),
      (.regression(outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: hilbert), nil, true, 2),
      // A straight line without charge beside a function that is charged.
      (Self.partlyPenalised(hilbert, .polynomial(degree: 1, interactions: false)), hilbert, false, 2),
    ]
    for (problem, critic, isOptimal, penalty) in cases {
      let closed = try Minimax(critic: critic, penalty: penalty, isOptimal: isOptimal).fit(problem, data)
      let saddle = try Minimax(critic: critic, penalty: penalty, isOptimal: isOptimal, saddle: SaddlePointSolver(gap: 1e-10))
        .fit(problem, data)
      let gap = try #require(saddle.gap)
      #expect(closed.gap == nil)
      #expect(gap <= 1e-10)
      // The certificate holds: the closed form is the least value.
      #expect(saddle.objective - closed.objective <= gap + 1e-9 * closed.objective)
      #expect(saddle.objective >= closed.objective * (1 - 1e-10))
      let points = Matrix(column: [-1.5, -0.5, 0, 0.7, 1.4])
      for (a, b) in zip(saddle.functions, closed.functions) where a.arguments.count == 1 {
        #expect(Self.largest(a.values(at: points), b.values(at: points)) < 1e-5, "\(problem.name)")
      }
      if !problem.unknowns[0].functionClass.isPenalised {
        #expect(Self.largest(saddle.functions[0].coefficients, closed.functions[0].coefficients) < 1e-6)
      }
    }
  }

  /// A gap that is not reached is told as it is.
  @Test func anOpenGapIsTold() throws {
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: .rkhs(Kernel(), rank: 40))
    let data = try Self.sample(300, seed: 2)
    let closed = try Minimax(penalty: 2).fit(problem, data)
    let early = try Minimax(penalty: 2, saddle: SaddlePointSolver(gap: 1e-12, iterations: 20)).fit(problem, data)
    let gap = try #require(early.gap)
    #expect(gap > 1e-12)
    #expect(early.notes.contains { $0.contains("was not reached") })
    #expect(early.objective - closed.objective <= gap && early.objective >= closed.objective)
  }

  /// Each order of the halves by itself, from rows that are swapped in pairs.
  @Test func crossedStagesAreTheMeanOfBothOrders() throws {
    let data = try Self.sample(200, seed: 3)
    let swapped = try MomentData(
      data.columns.mapValues { cells in cells.indices.map { cells[$0 % 2 == 0 ? $0 + 1 : $0 - 1] } })
    let kernel = FunctionClass.rkhs(Kernel(.gaussian, scales: [1.0]), rank: 60)
    let problem = MomentProblem.regression(outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: kernel)
    func values(_ split: TwoStageKernel.Split, _ data: MomentData) throws -> [Double] {
      try TwoStageKernel(split: split).fit(problem, data).functions[0].values(at: Matrix(column: [-1.5, -0.5, 0, 0.7, 1.4]))
    }
    let mean = zip(try values(.alternating, data), try values(.alternating, swapped)).map { 0.5 * ($0 + $1) }
    #expect(Self.largest(try values(.crossed, data), mean) < 1e-6)
  }

  /// The sizes that are counted before there are data are those of the fits.
  @Test func sizesAreKnownBeforeData() throws {
    let data = try Self.sample(400, seed: 4)
    let classes: [FunctionClass] = [
      .linear, .polynomial(degree: 3, interactions: false), .polynomial(degree: 3, interactions: true),
      .spline(size: 5, degree: 3, interactions: false), .spline(size: 4, degree: 2, interactions: true),
    ]
    for functionClass in classes {
      for arguments in [["x"], ["x", "v"]] {
        let problem = MomentProblem.regression(
          outcome: "y", arguments: arguments, conditioning: arguments, functionClass: functionClass)
        let fit = try SieveMinimumDistance(instruments: functionClass).fit(problem, data)
        #expect(functionClass.size(arguments: arguments.count) == fit.functions[0].coefficients.count, "\(functionClass)")
      }
    }
    #expect(FunctionClass.tabular.size(arguments: 2) == nil)
  }

  @Test func tooFewConditionsAreCountedBeforeData() throws {
    func fault(_ problem: MomentProblem, _ method: any MomentMethod) -> String? {
      do { try method.check(problem) } catch { return (error as? MomentFault)?.message }
      return nil
    }
    let two = MomentProblem.regression(outcome: "y", arguments: ["x", "v"], conditioning: ["z"], functionClass: .linear)
    #expect(fault(two, SieveMinimumDistance())?.contains("3 coefficients") == true)
    #expect(fault(two, Minimax(critic: .polynomial(degree: 2, interactions: false))) == nil)
    #expect(fault(two, TwoStageKernel(instruments: .linear)) == nil)
    let both = Self.partlyPenalised(.linear, .polynomial(degree: 2, interactions: false))
    #expect(fault(both, SieveMinimumDistance())?.contains("`f`, `g` have 5 coefficients") == true)
    #expect(fault(both, SieveMinimumDistance(instruments: .polynomial(degree: 2, interactions: false))) == nil)
    #expect(fault(Self.partlyPenalised(.tabular, .linear), SieveMinimumDistance()) == nil)
  }
}
