import AleaModel
import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// Conditional moment estimators against independent programs (`Data/npiv`), against each other, and against algebra.
@Suite struct MomentTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/npiv")

  static func json(_ name: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appendingPathComponent("\(name).json")))
    return try #require(object as? [String: Any])
  }

  static func numbers(_ value: Any?) throws -> [Double] { try #require(value as? [Double]) }

  static func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  /// The small regression of `npiv_small_a` with the unknown in a class.
  static func small(_ functionClass: FunctionClass) throws -> (MomentProblem, MomentData, Matrix, [String: Any]) {
    let json = try json("npiv_small_a")
    let z = try #require(json["z"] as? [[Double]])
    let data = try MomentData([
      "x": try numbers(json["x"]), "y": try numbers(json["y"]), "z1": z.map { $0[0] }, "z2": z.map { $0[1] },
    ])
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["x"], conditioning: ["z1", "z2"], functionClass: functionClass)
    return (
      problem, data, Matrix(columns: [try numbers(json["x_test"])], rows: 9), try #require(json["expected"] as? [String: Any])
    )
  }

  static let onX = FunctionClass.rkhs(Kernel(.gaussian, scales: [0.8]), rank: 1000)
  static let onZ = FunctionClass.rkhs(Kernel(.gaussian, scales: [1.1]), rank: 1000)

  @Test func twoStageKernelAgreesWithTheDenseFormula() throws {
    let (problem, data, points, expected) = try Self.small(Self.onX)
    let fit = try TwoStageKernel(instruments: Self.onZ, first: 0.02, second: 0.01, split: .halves).fit(problem, data)
    #expect(Self.largestDifference(fit.functions[0].values(at: points), try Self.numbers(expected["kiv"])) < 1e-7)
  }

  @Test func minimaxAgreesWithTheDenseFormula() throws {
    let (problem, data, points, expected) = try Self.small(Self.onX)
    let fit = try Minimax(critic: Self.onZ, delta: 0.5.squareRoot(), penalty: 0.5).fit(problem, data)
    #expect(Self.largestDifference(fit.functions[0].values(at: points), try Self.numbers(expected["agmm"])) < 1e-7)
  }

  @Test func maximumMomentRestrictionAgreesWithTheDenseFormula() throws {
    let (problem, data, points, expected) = try Self.small(Self.onX)
    let fit = try MaximumMomentRestriction(critic: Self.onZ, penalty: 2 / 3600.0).fit(problem, data)
    #expect(Self.largestDifference(fit.functions[0].values(at: points), try Self.numbers(expected["mmr_iv"])) < 1e-7)
  }

  /// A straight line is flatter than the median distance suggests: a wider kernel holds out better, and a given scale is kept.
  @Test func maximumMomentRestrictionChoosesTheScale() throws {
    var random = RandomStream(seed: 5, stream: 3)
    var (x, y, z): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<300 {
      let (u, instrument) = (random.normal(), random.normal())
      z.append(instrument)
      x.append(1.2 * instrument + 0.8 * u + 0.1 * random.normal())
      y.append(x[x.count - 1] + 0.5 * u)
    }
    let data = try MomentData(["x": x, "y": y, "z": z])
    func fit(_ kernel: Kernel) throws -> MomentFit {
      let problem = MomentProblem.regression(
        outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: .rkhs(kernel, rank: 300))
      return try MaximumMomentRestriction().fit(problem, data)
    }
    let free = try fit(Kernel())
    let multiple = try #require(free.tuning.first { $0.name == "scale / median distance" })
    #expect(multiple.value > 1)
    #expect(try fit(Kernel(.gaussian, scales: [1.3])).tuning.map(\.name) == ["penalty"])
  }

  @Test func seriesAgreesWithTwoStageLeastSquaresOnPowers() throws {
    let cubic = FunctionClass.polynomial(degree: 3, interactions: false)
    let (problem, data, points, expected) = try Self.small(cubic)
    let reference = try Self.numbers(expected["series_2sls_cubic"])
    for method in [SieveMinimumDistance(instruments: cubic), Minimax(critic: cubic)] as [any MomentMethod] {
      let fit = try method.fit(problem, data)
      #expect(Self.largestDifference(fit.functions[0].values(at: points), reference) < 1e-10, "\(fit.method)")
    }
  }

  @Test func proximalTwoStageLeastSquares() throws {
    let json = try Self.json("proximal_binary_small")
    let x = try #require(json["X"] as? [[Double]])
    let data = try MomentData([
      "a": try Self.numbers(json["A"]), "y": try Self.numbers(json["Y"]), "z": try Self.numbers(json["Z"]),
      "w": try Self.numbers(json["W"]), "x1": x.map { $0[0] }, "x2": x.map { $0[1] },
    ])
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["a", "w", "x1", "x2"], conditioning: ["a", "z", "x1", "x2"], functionClass: .linear)
    let expected = try #require(json["expected"] as? [String: Any])
    let reference = try Self.numbers(expected["p2sls_coef_1_A_W_X1_X2"])
    for method in [SieveMinimumDistance(), Minimax(), MaximumMomentRestriction(critic: .linear)] as [any MomentMethod] {
      let fit = try method.fit(problem, data)
      #expect(Self.largestDifference(fit.functions[0].coefficients, reference) < 1e-10, "\(fit.method)")
    }
  }

  /// With linear classes a fit is two-stage least squares, and its errors are the robust ones without small-sample factor.
  @Test func linearClassesAreTwoStageLeastSquares() throws {
    var random = RandomStream(seed: 5, stream: 0)
    var columns: [String: [Double]] = [:]
    for _ in 0..<300 {
      let (u, z1, z2, x) = (random.normal(), random.normal(), random.normal(), random.normal())
      let d = z1 - 0.5 * z2 + 0.3 * x + u + 0.2 * random.normal()
      let row = ["d": d, "x": x, "z1": z1, "z2": z2, "y": 1 + 2 * d - x + u * (1 + 0.5 * abs(z1))]
      for (name, value) in row { columns[name, default: []].append(value) }
    }
    let data = try MomentData(columns)
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["x", "d"], conditioning: ["x", "z1", "z2"], functionClass: .linear)
    func matrix(_ names: [String]) -> Matrix { Matrix(columns: names.map { columns[$0] ?? [] }, rows: 300) }
    let constant = Matrix(rows: 300, columns: 1, elements: Array(repeating: 1, count: 300))
    let equation = try LinearInstruments(
      outcome: columns["y"] ?? [], exogenous: constant.appending(matrix(["x"])), exogenousNames: ["constant", "x"],
      endogenous: matrix(["d"]), endogenousNames: ["d"], excluded: matrix(["z1", "z2"]), excludedNames: ["z1", "z2"])
    let reference = try #require(equation.fit(.twoStage, errors: .robust))
    let fit = try SieveMinimumDistance().fit(problem, data)
    #expect(Self.largestDifference(fit.functions[0].coefficients, reference.coefficients) < 1e-10)
    let covariance = try #require(fit.functions[0].covariance)
    #expect(Self.largestDifference((0..<3).map { covariance[$0, $0].squareRoot() }, reference.standardErrors) < 1e-10)
    // Optimal weights: iterated GMM from two-stage least squares.
    let optimal = try Minimax(isOptimal: true).fit(problem, data)
    let gmm = try #require(equation.generalizedMoments(steps: 4))
    #expect(Self.largestDifference(optimal.functions[0].coefficients, gmm.coefficients) < 1e-9)
    // One-sample kernel two-stage with vanishing penalties.
    let kiv = try TwoStageKernel(first: 1e-13, second: 1e-13, split: .none).fit(problem, data)
    #expect(Self.largestDifference(kiv.functions[0].coefficients, reference.coefficients) < 1e-7)
  }

  /// A table against a table: the cell means solve P(a | z) h = E[y | z].
  @Test func tabularClassesAreTheAlgebraOfCells() throws {
    var random = RandomStream(seed: 9, stream: 0)
    var (a, y, z): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<500 {
      let instrument = random.uniformInteger(0, 2)
      let u = random.uniform()
      let action = u < 0.6 ? instrument : random.uniformInteger(0, 2)
      z.append(instrument)
      a.append(action)
      y.append(action * action - u + random.normal())
    }
    var share = Matrix(rows: 3, columns: 3)
    var mean = Matrix(rows: 3, columns: 1)
    for i in 0..<3 {
      let rows = z.indices.filter { z[$0] == Double(i) }
      for row in rows {
        share[i, Int(a[row])] += 1 / Double(rows.count)
        mean[i, 0] += y[row] / Double(rows.count)
      }
    }
    let truth = try #require(share.solve(mean)).elements
    let problem = MomentProblem.regression(outcome: "y", arguments: ["a"], conditioning: ["z"], functionClass: .tabular)
    let data = try MomentData(["a": a, "y": y, "z": z])
    for method in [SieveMinimumDistance(), Minimax(), MaximumMomentRestriction(critic: .tabular)] as [any MomentMethod] {
      let fit = try method.fit(problem, data)
      #expect(Self.largestDifference(fit.functions[0].coefficients, truth) < 1e-9, "\(fit.method)")
    }
  }

  /// MMR is the limit of the adversarial estimator for a critic charged without end: M / (2... ) -> 2 K.
  @Test func chargedCriticsBecomeMomentRestrictions() throws {
    let (problem, data, points, _) = try Self.small(Self.onX)
    let adversarial = try Minimax(critic: Self.onZ, delta: 1e6, penalty: 0.2).fit(problem, data)
    let restricted = try MaximumMomentRestriction(critic: Self.onZ, penalty: 0.1 / 3600).fit(problem, data)
    let difference = Self.largestDifference(
      adversarial.functions[0].values(at: points), restricted.functions[0].values(at: points))
    #expect(difference < 1e-7)
  }

  @Test func smoothedQuantilesAgreeWithNewton() throws {
    let json = try Self.json("ivqr_small")
    let data = try MomentData([
      "y": try Self.numbers(json["y"]), "d": try Self.numbers(json["d"]), "z": try Self.numbers(json["z"]),
    ])
    let expected = try #require(json["expected"] as? [String: [String: Any]])
    for (level, answers) in expected {
      let problem = MomentProblem.regression(
        outcome: "y", arguments: ["d"], conditioning: ["z"], functionClass: .linear, quantile: Double(level) ?? .nan)
      let fit = try SmoothedQuantile(bandwidth: 0.5).fit(problem, data)
      let reference = try Self.numbers(answers["smoothed_h0_5"])
      #expect(Self.largestDifference(fit.functions[0].coefficients, reference) < 1e-6, "\(level)")
    }
  }

  /// Root mean squared error on a linear quantile design at n = 2,000: an independent program with the same rule has .171, .159, .184
  /// over 150 seeds (`Tests/Independent/quantile_slopes.py`). No regular estimator does better than .171, .157, .170 in large samples.
  @Test func quantileSlopesAreNearTheTruth() throws {
    for (level, bound) in [(0.25, 0.171), (0.5, 0.159), (0.75, 0.184)] {
      let problem = MomentProblem.regression(
        outcome: "y", arguments: ["d"], conditioning: ["z"], functionClass: .linear, quantile: level)
      let errors = try (0..<12).map { seed in
        let fit = try SmoothedQuantile().fit(problem, MomentDesigns.quantile(2000, seed: UInt64(seed)))
        return fit.functions[0].coefficients[1] - (1 + level)
      }
      let root = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
      // Twelve seeds know a root mean square to about one fifth.
      #expect(root < 1.4 * bound, "\(level): \(root)")
    }
  }

  @Test func seriesOnNeweyAndPowellsDesign() throws {
    let cases: [(Bool, FunctionClass, FunctionClass, Double)] = [
      (false, .linear, .linear, 0.0013),
      (false, .polynomial(degree: 3, interactions: false), .polynomial(degree: 4, interactions: false), 0.0097),
      (true, .polynomial(degree: 3, interactions: false), .polynomial(degree: 4, interactions: false), 0.028),
      (
        true, .spline(size: 5, degree: 3, interactions: false), .spline(size: 8, degree: 3, interactions: false), 0.050
      ),
    ]
    for (sigmoid, unknown, instruments, published) in cases {
      let problem = MomentProblem.regression(outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: unknown)
      let errors = try (0..<15).map { seed in
        let sample = try MomentDesigns.neweyPowell(2000, sigmoid: sigmoid, seed: UInt64(seed))
        let fit = try SieveMinimumDistance(instruments: instruments).fit(problem, sample.data)
        let values = fit.functions[0].values(at: Matrix(columns: [sample.points], rows: sample.points.count))
        return zip(values, sample.truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count)
      }
      // A median of fifteen against one of forty: both are known to about a third.
      #expect(median(errors) < 1.6 * published, "\(unknown): \(median(errors)) against \(published)")
    }
  }

  @Test func saddlePointsAgreeWithClosedFormsAndCertifyTheirGap() throws {
    var random = RandomStream(seed: 3, stream: 0)
    func draw(_ rows: Int, _ columns: Int) -> Matrix {
      Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in random.normal() })
    }
    let (a, b) = (draw(7, 4), draw(7, 1))
    let (h, p) = (draw(9, 7), draw(6, 4))
    let q = h.transposeTimes(h) + 0.1 * Matrix.identity(7)
    let penalty = p.transposeTimes(p) + 0.1 * Matrix.identity(4)
    let saddle = SaddlePoint(offset: b.elements, matrix: a, primal: .quadratic(penalty), dual: .quadratic(q))
    let solution = try saddle.solve(tolerance: 1e-13)
    // theta = (A'Q^-1 A + P)^-1 A'Q^-1 b.
    let weighted = try #require(q.solve(a.appending(b)))
    let qa = Matrix(rows: 7, columns: 4, elements: Array(weighted.elements[0..<28]))
    let qb = Matrix(rows: 7, columns: 1, elements: Array(weighted.elements[28...]))
    let theta = try #require((a.transposeTimes(qa) + penalty).solve(a.transposeTimes(qb)))
    #expect(Self.largestDifference(solution.primal, theta.elements) < 1e-6)
    #expect(solution.gap < 1e-12)
    // max over |w|_1 <= 1 of w'(b - x) is the largest entry: with |x|_1 <= 1, b = (2, 1) it is 1 at x = (1, 0).
    let corner = try SaddlePoint(offset: [2, 1], matrix: .identity(2), primal: .ball1(1), dual: .ball1(1)).solve(tolerance: 1e-9)
    #expect(abs(corner.value - 1) < 1e-8 && corner.gap < 1e-8)
    // The distance of (2, 1) from the unit ball.
    let ball = try SaddlePoint(offset: [2, 1], matrix: .identity(2), primal: .ball2(1), dual: .ball2(1)).solve(tolerance: 1e-9)
    #expect(abs(ball.value - (5.0.squareRoot() - 1)) < 1e-8 && ball.gap < 1e-8)
  }

  @Test func problemsThatCannotBeSolvedSaySo() throws {
    let (problem, data, _, _) = try Self.small(.polynomial(degree: 3, interactions: false))
    #expect(throws: MomentFault.self) { try SieveMinimumDistance(instruments: .linear).fit(problem, data) }
    #expect(throws: MomentFault.self) { try SmoothedQuantile().fit(problem, data) }
    #expect(throws: MomentFault.self) { try MomentData(["x": [1, .nan]]) }
    let (hilbert, _, _, _) = try Self.small(Self.onX)
    #expect(throws: MomentFault.self) { try SieveMinimumDistance().fit(hilbert, data) }
  }
}
