/// The laws that learning policies draw from most, by methods that need little more than multiplications.
extension RandomStream {
  /// The standard normal law by the ziggurat of 256 layers (Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables",
  /// 2000), with a layer and a position from separate bits of one word.
  public mutating func fastNormal() -> Double {
    while true {
      let bits = next()
      let layer = Int(bits & 0xFF)
      let signed = Double(Int64(bitPattern: bits) >> 11) * 0x1p-52
      let x = signed * Ziggurat.widths[layer]
      if abs(x) < Ziggurat.widths[layer + 1] { return x }
      if layer == 0 {
        // The tail beyond the last layer (Marsaglia, 1964).
        while true {
          let a = -log(uniform()) / Ziggurat.tail
          let b = -log(uniform())
          if 2 * b > a * a { return signed > 0 ? Ziggurat.tail + a : -(Ziggurat.tail + a) }
        }
      }
      let low = Ziggurat.heights[layer]
      if low + uniform() * (Ziggurat.heights[layer + 1] - low) < exp(-0.5 * x * x) { return x }
    }
  }

  /// Rate 1 (Marsaglia and Tsang, 2000), with their squeeze, so that logarithms are rare.
  public mutating func fastGamma(shape: Double) -> Double {
    if shape < 1 { return fastGamma(shape: shape + 1) * exp(log(uniform()) / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = fastNormal()
      let v = 1 + c * x
      guard v > 0 else { continue }
      let cube = v * v * v
      let u = uniform()
      let square = x * x
      if u < 1 - 0.0331 * square * square { return d * cube }
      if log(u) < 0.5 * square + d * (1 - cube + log(cube)) { return d * cube }
    }
  }

  /// A ratio of gamma draws; small parameters go the careful way.
  public mutating func fastBeta(_ a: Double, _ b: Double) -> Double {
    if a < 1 || b < 1 { return beta(a, b) }
    let x = fastGamma(shape: a)
    return x / (x + fastGamma(shape: b))
  }
}

/// The layers of the ziggurat: equal areas under the density exp(-x^2/2).
private enum Ziggurat {
  /// Where the tail begins.
  static let tail = 3.6541528853610088
  /// The area of a layer.
  private static let area = 0.00492867323399

  /// Widths of the layers from the widest (the base, tail included) to 0.
  static let widths: [Double] = {
    var result = [area / exp(-0.5 * tail * tail), tail]
    for _ in 2..<256 {
      let x = result[result.count - 1]
      result.append((-2 * log(area / x + exp(-0.5 * x * x))).squareRoot())
    }
    result.append(0)
    return result
  }()

  /// The density at the widths.
  static let heights: [Double] = widths.enumerated().map { $0.offset == 0 ? 0 : exp(-0.5 * $0.element * $0.element) }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
