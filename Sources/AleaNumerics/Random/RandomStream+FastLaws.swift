/// Draws for many lanes at once, a stream each, of the laws that learning policies draw from most; by methods that need little more
/// than multiplications.
extension RandomStream {
  /// Numbers in (0, 1).
  public static func fillUniform(
    _ streams: UnsafeMutablePointer<RandomStream>, count: Int, into target: UnsafeMutablePointer<Double>
  ) {
    for lane in 0..<count { target[lane] = streams[lane].uniform() }
  }

  /// Standard normal draws.
  public static func fillNormal(
    _ streams: UnsafeMutablePointer<RandomStream>, count: Int, into target: UnsafeMutablePointer<Double>
  ) {
    let ziggurat = Ziggurat.shared
    for lane in 0..<count { target[lane] = streams[lane].fastNormal(ziggurat) }
  }

  /// Beta draws with the parameters in two columns; NaN where one is not positive.
  public static func fillBeta(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ streams: UnsafeMutablePointer<RandomStream>, count: Int,
    into target: UnsafeMutablePointer<Double>
  ) {
    let ziggurat = Ziggurat.shared
    for lane in 0..<count {
      let (first, second) = (a[lane], b[lane])
      if first >= 1, second >= 1 {
        var stream = streams[lane]
        let x = stream.fastGamma(shape: first, ziggurat)
        let y = stream.fastGamma(shape: second, ziggurat)
        streams[lane] = stream
        target[lane] = x / (x + y)
      } else {
        target[lane] = first > 0 && second > 0 ? streams[lane].beta(first, second) : .nan
      }
    }
  }

  /// The standard normal law by the ziggurat of 256 layers (Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables",
  /// 2000), with a layer and a position from separate bits of one word.
  @inline(__always)
  private mutating func fastNormal(_ ziggurat: Ziggurat) -> Double {
    let bits = next()
    let layer = Int(bits & 0xFF)
    let x = Double(Int64(bitPattern: bits) >> 11) * 0x1p-52 * ziggurat.widths[layer]
    if abs(x) < ziggurat.widths[layer + 1] { return x }
    return rareNormal(x, layer, ziggurat)
  }

  @inline(never)
  private mutating func rareNormal(_ first: Double, _ firstLayer: Int, _ ziggurat: Ziggurat) -> Double {
    var (x, layer) = (first, firstLayer)
    while true {
      if layer == 0 {
        // The tail beyond the last layer (Marsaglia, 1964).
        while true {
          let a = -log(uniform()) / Ziggurat.tail
          let b = -log(uniform())
          if 2 * b > a * a { return x > 0 ? Ziggurat.tail + a : -(Ziggurat.tail + a) }
        }
      }
      let low = ziggurat.heights[layer]
      if low + uniform() * (ziggurat.heights[layer + 1] - low) < exp(-0.5 * x * x) { return x }
      let bits = next()
      layer = Int(bits & 0xFF)
      x = Double(Int64(bitPattern: bits) >> 11) * 0x1p-52 * ziggurat.widths[layer]
      if abs(x) < ziggurat.widths[layer + 1] { return x }
    }
  }

  /// Rate 1 and a shape of at least 1 (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000), with their
  /// squeeze, so that logarithms are rare.
  @inline(__always)
  private mutating func fastGamma(shape: Double, _ ziggurat: Ziggurat) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = fastNormal(ziggurat)
      let v = 1 + c * x
      guard v > 0 else { continue }
      let cube = v * v * v
      let u = uniform()
      let square = x * x
      if u < 1 - 0.0331 * square * square { return d * cube }
      if log(u) < 0.5 * square + d * (1 - cube + log(cube)) { return d * cube }
    }
  }
}

/// The layers of the ziggurat: equal areas under the density exp(-x^2/2).
private final class Ziggurat: Sendable {
  /// Where the tail begins.
  static let tail = 3.6541528853610088
  /// The area of a layer.
  private static let area = 0.00492867323399
  static let shared = Ziggurat()

  /// Widths of the layers from the widest (the base, tail included) to 0; they live as long as the program.
  nonisolated(unsafe) let widths: UnsafePointer<Double>
  /// The density at the widths.
  nonisolated(unsafe) let heights: UnsafePointer<Double>

  private init() {
    var layers = [Self.area / exp(-0.5 * Self.tail * Self.tail), Self.tail]
    for _ in 2..<256 {
      let x = layers[layers.count - 1]
      layers.append((-2 * log(Self.area / x + exp(-0.5 * x * x))).squareRoot())
    }
    layers.append(0)
    let densities = layers.enumerated().map { $0.offset == 0 ? 0 : exp(-0.5 * $0.element * $0.element) }
    func immortal(_ values: [Double]) -> UnsafePointer<Double> {
      let pointer = UnsafeMutablePointer<Double>.allocate(capacity: values.count)
      pointer.initialize(from: values, count: values.count)
      return UnsafePointer(pointer)
    }
    widths = immortal(layers)
    heights = immortal(densities)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
