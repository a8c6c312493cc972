import AleaModel
import AleaNumerics
import AleaSolvers
import Foundation

/// Simulation designs of the literature with known truth.
enum MomentDesigns {
  struct Sample {
    var data: MomentData
    var points: [Double]
    var truth: [Double]
  }

  static func cdf(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Newey and Powell's design as used by Singh, Sahani and Gretton (2019).
  static func neweyPowell(_ n: Int, sigmoid: Bool, seed: UInt64) throws -> Sample {
    var random = RandomStream(seed: seed, stream: 1)
    func f(_ x: Double) -> Double {
      sigmoid ? log(abs(16 * x - 8) + 1) * (x > 0.5 ? 1 : x < 0.5 ? -1 : 0) : 4 * x - 2
    }
    var (x, y, z): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<n {
      let e = random.normal()
      let t = 0.5 * e + 0.75.squareRoot() * random.normal()
      let w = random.normal()
      x.append(cdf((w + t) / 2.0.squareRoot()))
      z.append(cdf(w))
      y.append(f(x[x.count - 1]) + e)
    }
    let points = (0..<1000).map { Double($0) / 999 }
    return Sample(data: try MomentData(["x": x, "y": y, "z": z]), points: points, truth: points.map(f))
  }

  /// A curved quantile function with endogenous regressor: y = sin(pi d) + (0.5 + 0.5 d) times the normal quantile of the rank.
  static func curvedQuantile(_ n: Int, level: Double, seed: UInt64) throws -> Sample {
    var random = RandomStream(seed: seed, stream: 5)
    var (d, y, z): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<n {
      let (instrument, v) = (random.normal(), random.normal())
      let rank = 0.6 * v + 0.8 * random.normal()
      let x = cdf((1.2 * instrument + v) / (1 + 1.2 * 1.2).squareRoot())
      z.append(instrument)
      d.append(x)
      y.append(sin(Double.pi * x) + (0.5 + 0.5 * x) * rank)
    }
    let points = (0...180).map { 0.05 + 0.005 * Double($0) }
    let normal = UnaryFunction.normalQuantile(level)
    return Sample(
      data: try MomentData(["d": d, "y": y, "z": z]), points: points,
      truth: points.map { sin(Double.pi * $0) + (0.5 + 0.5 * $0) * normal })
  }

  /// Linear quantile model with slope 1 + tau and endogenous regressor.
  static func quantile(_ n: Int, seed: UInt64) throws -> MomentData {
    var random = RandomStream(seed: seed, stream: 2)
    var (d, y, z): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<n {
      let instrument = random.normal()
      let v = random.normal()
      let normal = 0.6 * v + 0.8 * random.normal()
      let x = cdf(0.8 * instrument + v)
      z.append(instrument)
      d.append(x)
      y.append(normal + (1 + cdf(normal)) * x)
    }
    return try MomentData(["d": d, "y": y, "z": z])
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.count % 2 == 1
    ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}
