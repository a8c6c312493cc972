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

  /// One draw a lane of a plan into its target column.
  @inline(__always)
  static func sample(
    _ draw: LearnerPlan.Draw, _ streams: UnsafeMutablePointer<RandomStream>, count: Int,
    column: (Int) -> UnsafeMutablePointer<Double>
  ) {
    sample(
      draw.law,
      { expression in
        switch draw.operands[expression] {
        case .constant(let value)?: .constant(value)
        case .column(let index)?: .column(column(index))
        case nil: .constant(.nan)
        }
      }, streams, count: count, into: column(draw.target))
  }

  /// One draw a lane into `target`; NaN where the parameters do not make a law.
  static func sample(
    _ law: Distribution, _ source: (ExpressionID) -> Source, _ streams: UnsafeMutablePointer<RandomStream>, count: Int,
    into target: UnsafeMutablePointer<Double>
  ) {
    switch law {
    case .primitive(.bernoulli, let parameters):
      let p = source(parameters[0])
      RandomStream.fillUniform(streams, count: count, into: target)
      for lane in 0..<count {
        let probability = p[lane]
        target[lane] = probability >= 0 && probability <= 1 ? (target[lane] < probability ? 1 : 0) : .nan
      }
    case .primitive(.normal, let parameters):
      let mean = source(parameters[0])
      let sd = source(parameters[1])
      RandomStream.fillNormal(streams, count: count, into: target)
      for lane in 0..<count {
        let (a, b) = (mean[lane], sd[lane])
        target[lane] = b >= 0 && b.isFinite && a.isFinite ? a + b * target[lane] : .nan
      }
    case .primitive(.beta, let parameters):
      withColumn(source(parameters[0]), count) { a in
        withColumn(source(parameters[1]), count) { b in RandomStream.fillBeta(a, b, streams, count: count, into: target) }
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

  /// A source as a column, filled where it is a constant.
  private static func withColumn(_ source: Source, _ count: Int, _ body: (UnsafePointer<Double>) -> Void) {
    switch source {
    case .column(let pointer): body(pointer)
    case .constant(let value):
      withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { buffer in
        buffer.initialize(repeating: value)
        if let base = buffer.baseAddress { body(base) }
      }
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
