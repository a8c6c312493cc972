import AleaModel
import AleaNumerics

/// Draws for all lanes of a block, a loop a law.
enum LaneSampler {
  /// Reads a parameter of each lane.
  enum Source {
    case constant(Double)
    case column(UnsafeMutablePointer<Double>)

    subscript(lane: Int) -> Double {
      @inline(__always) get {
        switch self {
        case .constant(let value): value
        case .column(let pointer): pointer[lane]
        }
      }
    }
  }

  /// One draw a lane into `target`; NaN where the parameters do not make a law.
  static func sample(
    _ law: Distribution, _ source: (ExpressionID) -> Source, _ streams: UnsafeMutablePointer<RandomStream>, count: Int,
    into target: UnsafeMutablePointer<Double>
  ) {
    switch law {
    case .primitive(.bernoulli, let parameters):
      let p = source(parameters[0])
      for lane in 0..<count {
        let probability = p[lane]
        let u = streams[lane].uniform()
        target[lane] = probability >= 0 && probability <= 1 ? (u < probability ? 1 : 0) : .nan
      }
    case .primitive(.normal, let parameters):
      let mean = source(parameters[0])
      let sd = source(parameters[1])
      for lane in 0..<count {
        let (a, b) = (mean[lane], sd[lane])
        target[lane] = b >= 0 && b.isFinite && a.isFinite ? a + b * streams[lane].fastNormal() : .nan
      }
    case .primitive(.beta, let parameters):
      let first = source(parameters[0])
      let second = source(parameters[1])
      for lane in 0..<count {
        let (a, b) = (first[lane], second[lane])
        target[lane] = a > 0 && b > 0 ? streams[lane].fastBeta(a, b) : .nan
      }
    case .primitive(let family, let parameters):
      let first = source(parameters[0])
      let second = parameters.count > 1 ? source(parameters[1]) : .constant(0)
      for lane in 0..<count { target[lane] = family.sample(&streams[lane], first[lane], second[lane]) }
    case .finite(let outcomes, let isNormalized):
      let values = outcomes.map { source($0.value) }
      let weights = outcomes.map { source($0.weight) }
      for lane in 0..<count {
        target[lane] = finite(values, weights, isNormalized, lane, &streams[lane])
      }
    default:
      for lane in 0..<count { target[lane] = law.sample(&streams[lane]) { source($0)[lane] } }
    }
  }

  @inline(__always)
  private static func finite(
    _ values: [Source], _ weights: [Source], _ isNormalized: Bool, _ lane: Int, _ stream: inout RandomStream
  ) -> Double {
    var sum = 0.0
    for weight in weights {
      let share = weight[lane]
      guard share >= 0 else { return .nan }
      sum += share
    }
    guard isNormalized ? abs(sum - 1) <= 1e-9 : sum > 0 && sum.isFinite else { return .nan }
    var rest = stream.uniform() * sum
    var last = 0
    for index in 0..<weights.count {
      let share = weights[index][lane]
      if share > 0 {
        last = index
        rest -= share
        if rest < 0 { break }
      }
    }
    return values[last][lane]
  }
}
