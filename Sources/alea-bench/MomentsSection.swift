import AleaNumerics
import AleaSolvers
import Foundation

/// Estimators of conditional moment problems on designs with known truth: median squared errors beside those of existing tools.
///
/// The tools' figures are medians over 40 seeds at n = 2,000, ours over as many with streams of our own. Newey and Powell's design, the
/// eight shapes of Dikkala et al. (2020) and a linear quantile model with slope 1 + tau. Options: `seeds=400`, `designs=sin,step`,
/// `methods=KIV,AGMM,quantile`.
enum MomentsSection: BenchSection {
  static let name = "moments"
  static let summary = "conditional moments: median squared error on designs with known truth, beside existing tools"

  static let seeds = max(2, Bench.option("seeds").flatMap { Int($0) } ?? 40)
  static let rows = 2000

  struct Sample {
    var data: MomentData
    var points: [Double]
    var truth: [Double]
  }

  struct Design {
    var name: String
    /// 2SLS, series cubic/quartic, series B-spline 5/8, KIV, AGMM, MMR-IV.
    var figures: [Double]
    var draw: @Sendable (UInt64) throws -> Sample
  }

  static func cdf(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  static func neweyPowell(_ f: @escaping @Sendable (Double) -> Double) -> @Sendable (UInt64) throws -> Sample {
    { seed in
      var random = RandomStream(seed: seed, stream: 1)
      var (x, y, z): ([Double], [Double], [Double]) = ([], [], [])
      for _ in 0..<rows {
        let e = random.normal()
        let t = 0.5 * e + 0.75.squareRoot() * random.normal()
        let w = random.normal()
        let price = cdf((w + t) / 2.0.squareRoot())
        x.append(price)
        z.append(cdf(w))
        y.append(f(price) + e)
      }
      let points = (0..<1000).map { Double($0) / 999 }
      return Sample(data: try MomentData(["x": x, "y": y, "z": z]), points: points, truth: points.map(f))
    }
  }

  static func confounded(_ f: @escaping @Sendable (Double) -> Double) -> @Sendable (UInt64) throws -> Sample {
    { seed in
      var random = RandomStream(seed: seed, stream: 3)
      func draw(_ count: Int) -> [(z: Double, x: Double, y: Double)] {
        (0..<count).map { _ in
          let (u, z) = (random.normal(), random.normal())
          let x = 1.2 * z + 0.8 * u + 0.1 * random.normal()
          return (z, x, f(x) + 2 * u + 0.1 * random.normal())
        }
      }
      let sample = draw(rows)
      let mean = sample.reduce(0) { $0 + $1.y } / Double(rows)
      let deviation = (sample.reduce(0) { $0 + ($1.y - mean) * ($1.y - mean) } / Double(rows)).squareRoot()
      let points = draw(1000).map(\.x)
      return Sample(
        data: try MomentData([
          "x": sample.map(\.x), "y": sample.map { ($0.y - mean) / deviation }, "z": sample.map(\.z),
        ]), points: points, truth: points.map { (f($0) - mean) / deviation })
    }
  }

  static let designs: [Design] = [
    Design(name: "NP linear", figures: [0.0013, 0.0097, 0.028, 0.025, 0.023, 0.0038], draw: neweyPowell { 4 * $0 - 2 }),
    Design(
      name: "NP sigmoid", figures: [0.092, 0.028, 0.050, 0.044, 0.034, 0.021],
      draw: neweyPowell { log(abs(16 * $0 - 8) + 1) * ($0 > 0.5 ? 1 : $0 < 0.5 ? -1 : 0) }),
    Design(name: "abs", figures: [0.162, 0.023, 0.010, 0.019, 0.017, 0.011], draw: confounded { abs($0) }),
    Design(
      name: "poly2", figures: [0.636, 0.0012, 0.0028, 0.048, 0.027, 0.0048], draw: confounded { -1.5 * $0 + 0.9 * $0 * $0 }),
    Design(
      name: "sigmoid", figures: [0.011, 0.0057, 0.0072, 0.0092, 0.0097, 0.0086], draw: confounded { 2 / (1 + exp(-2 * $0)) }),
    Design(name: "sin", figures: [0.042, 0.011, 0.012, 0.0073, 0.0093, 0.021], draw: confounded { sin($0) }),
    Design(name: "step", figures: [0.036, 0.028, 0.029, 0.024, 0.022, 0.032], draw: confounded { $0 < 0 ? 1 : 2.5 }),
    Design(name: "linear", figures: [0.0005, 0.0014, 0.0023, 0.014, 0.0090, 0.0023], draw: confounded { $0 }),
    Design(name: "sin 3x", figures: [0.112, 0.114, 0.115, 0.112, 0.112, 0.061], draw: confounded { sin(3 * $0) }),
    Design(
      name: "poly3", figures: [0.474, 0.0001, 0.0003, 0.124, 0.016, 0.0005],
      draw: confounded { -1.5 * $0 + 0.9 * $0 * $0 + $0 * $0 * $0 }),
  ]

  static let hilbert = FunctionClass.rkhs(Kernel(), rank: 1000)
  /// A method, and the place of the tools' figure for it in ``Design/figures``.
  typealias Candidate = (name: String, figure: Int, unknown: FunctionClass, method: any MomentMethod)
  static let methods: [Candidate] = [
    ("2SLS", 0, .linear, SieveMinimumDistance(instruments: .linear)),
    (
      "cubic/4", 1, .polynomial(degree: 3, interactions: false),
      SieveMinimumDistance(instruments: .polynomial(degree: 4, interactions: false))
    ),
    (
      "spline 5/8", 2, .spline(size: 5, degree: 3, interactions: false),
      SieveMinimumDistance(instruments: .spline(size: 8, degree: 3, interactions: false))
    ),
    ("KIV", 3, hilbert, TwoStageKernel(split: .alternating)), ("KIV crossed", 3, hilbert, TwoStageKernel()),
    ("AGMM", 4, hilbert, Minimax()), ("MMR-IV", 5, hilbert, MaximumMomentRestriction()),
  ]

  /// Whether the option, a list, is absent or holds the name.
  private static func isWanted(_ name: String, in option: String) -> Bool {
    Bench.option(option).map { $0.split(separator: ",").contains { $0 == name } } ?? true
  }

  static func run() throws {
    let designs = designs.filter { isWanted($0.name, in: "designs") }
    let methods = methods.filter { isWanted($0.name, in: "methods") }
    if !methods.isEmpty, !designs.isEmpty { try means(designs, methods) }
    if isWanted("quantile", in: "methods") { try quantiles() }
  }

  private static func means(_ designs: [Design], _ methods: [Candidate]) throws {
    print("  median squared error, \(seeds) seeds, ours (its Monte Carlo error) / existing tools")
    print("  " + "design".padding(toLength: 12, withPad: " ", startingAt: 0) + methods.map { cell($0.name) }.joined())
    var seconds = [Double](repeating: 0, count: methods.count)
    for design in designs {
      var line = "  " + design.name.padding(toLength: 12, withPad: " ", startingAt: 0)
      for (index, candidate) in methods.enumerated() {
        let (unknown, method) = (candidate.unknown, candidate.method)
        let problem = MomentProblem.regression(outcome: "y", arguments: ["x"], conditioning: ["z"], functionClass: unknown)
        var errors: [Double] = []
        for seed in 0..<seeds {
          let sample = try design.draw(UInt64(seed))
          let start = Date()
          let fit = try method.fit(problem, sample.data)
          seconds[index] += Date().timeIntervalSince(start)
          let values = fit.functions[0].values(at: Matrix(columns: [sample.points], rows: sample.points.count))
          errors.append(zip(values, sample.truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count))
        }
        line += cell(
          String(
            format: "%.4f (%.4f) / %.4f", median(errors), medianError(errors), design.figures[candidate.figure]))
      }
      print(line)
    }
    let times = seconds.map { cell(String(format: "%.3f s", $0 / Double(seeds * designs.count))) }.joined()
    print("  " + "per fit".padding(toLength: 12, withPad: " ", startingAt: 0) + times)
  }

  /// The standard error of a median, from the order statistics one binomial deviation on each side of it.
  static func medianError(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let half = 0.5 * Double(values.count).squareRoot()
    let middle = 0.5 * Double(values.count - 1)
    let (low, high) = (max(0, Int((middle - half).rounded())), min(values.count - 1, Int((middle + half).rounded())))
    return 0.5 * (sorted[high] - sorted[low])
  }

  /// Bias and root mean squared error of the slope.
  static func quantiles() throws {
    for (level, figure) in [(0.25, "0.01 (0.17)"), (0.5, "-0.02 (0.15)"), (0.75, "-0.03 (0.14)")] {
      let problem = MomentProblem.regression(
        outcome: "y", arguments: ["d"], conditioning: ["z"], functionClass: .linear, quantile: level)
      var errors: [Double] = []
      for seed in 0..<max(200, seeds) {
        var random = RandomStream(seed: UInt64(seed), stream: 2)
        var (d, y, z): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<rows {
          let (instrument, v) = (random.normal(), random.normal())
          let normal = 0.6 * v + 0.8 * random.normal()
          let x = cdf(0.8 * instrument + v)
          z.append(instrument)
          d.append(x)
          y.append(normal + (1 + cdf(normal)) * x)
        }
        let fit = try SmoothedQuantile().fit(problem, MomentData(["d": d, "y": y, "z": z]))
        errors.append(fit.functions[0].coefficients[1] - 1 - level)
      }
      let bias = errors.reduce(0, +) / Double(errors.count)
      let root = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
      print(String(format: "  quantile %.2f: bias %.3f (RMSE %.3f); existing tools ", level, bias, root) + figure)
    }
  }

  static func cell(_ text: String) -> String { String(repeating: " ", count: max(1, 26 - text.count)) + text }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
