import AleaNumerics
import Foundation

/// A positive definite kernel on rows of numbers: a product over columns, each with a scale of its own.
public struct Kernel: Hashable, Sendable {
  /// The shape in one column, with u = |a - b| / scale.
  public enum Family: String, Hashable, Sendable, CaseIterable {
    /// exp(-u^2 / 2)
    case gaussian
    /// exp(-u)
    case laplace
    /// (1 + sqrt(3) u) exp(-sqrt(3) u)
    case matern3
    /// (1 + sqrt(5) u + 5/3 u^2) exp(-sqrt(5) u)
    case matern5
  }

  public let family: Family
  /// The scale of each column; one for all when there is a single one; empty to take the median distance of each column.
  public let scales: [Double]
  /// The kernel is the mean over these multiples of the scales.
  public let multiples: [Double]

  public init(_ family: Family = .gaussian, scales: [Double] = [], multiples: [Double] = [1]) {
    self.family = family
    self.scales = scales
    self.multiples = multiples
  }

  /// The kernel with a scale for every column: missing ones are the median distance between rows (of up to 1,000 evenly spaced rows);
  /// where most rows are equal, the median of the distances that are not zero.
  public func scaled(to points: Matrix) -> Kernel {
    if scales.count == points.columns { return self }
    if scales.count == 1 {
      return Kernel(family, scales: Array(repeating: scales[0], count: points.columns), multiples: multiples)
    }
    return Kernel(family, scales: (0..<points.columns).map { Self.medianDistance(points.column($0)) }, multiples: multiples)
  }

  /// The median of |a_i - a_j| over pairs i < j.
  static func medianDistance(_ values: [Double], limit: Int = 1000) -> Double {
    let stride = max(1, (values.count + limit - 1) / limit)
    let sample = Swift.stride(from: 0, to: values.count, by: stride).map { values[$0] }
    var distances: [Double] = []
    distances.reserveCapacity(sample.count * max(0, sample.count - 1) / 2)
    for i in sample.indices { for j in 0..<i { distances.append(abs(sample[i] - sample[j])) } }
    distances.sort()
    func median(_ sorted: ArraySlice<Double>) -> Double {
      guard !sorted.isEmpty else { return 1 }
      let middle = sorted.startIndex + sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
    let all = median(distances[...])
    if all > 0 { return all }
    let positive = distances.drop { $0 <= 0 }
    return positive.isEmpty ? 1 : median(positive)
  }

  /// k(a_i, b) for every row i of a. The scales must be set.
  func column(_ a: Matrix, against b: [Double]) -> [Double] {
    var total = [Double](repeating: 0, count: a.rows)
    for multiple in multiples {
      var exponent = [Double](repeating: 0, count: a.rows)
      var factor = [Double](repeating: 1, count: family == .matern3 || family == .matern5 ? a.rows : 0)
      a.elements.withUnsafeBufferPointer { cells in
        for j in 0..<a.columns {
          let (scale, center, start) = (1 / (scales[j] * multiple), b[j], j * a.rows)
          for i in 0..<a.rows {
            let u = abs(cells[start + i] - center) * scale
            switch family {
            case .gaussian: exponent[i] += 0.5 * u * u
            case .laplace: exponent[i] += u
            case .matern3:
              exponent[i] += 3.0.squareRoot() * u
              factor[i] *= 1 + 3.0.squareRoot() * u
            case .matern5:
              exponent[i] += 5.0.squareRoot() * u
              factor[i] *= 1 + 5.0.squareRoot() * u + 5 / 3 * u * u
            }
          }
        }
      }
      let weight = 1 / Double(multiples.count)
      for i in 0..<a.rows { total[i] += weight * exp(-exponent[i]) * (factor.isEmpty ? 1 : factor[i]) }
    }
    return total
  }
}

/// The features of a kernel on given points by pivoted Cholesky: K ~= F F' with as few columns as the trace needs.
///
/// A new point x has the features g with L g = k(pivots, x), L = F at the pivots. Time O(n r^2), memory O(n r).
struct KernelFeatures: Sendable {
  let kernel: Kernel
  /// The pivot rows, in the order chosen.
  let pivots: Matrix
  /// Lower triangular: the features of the pivots.
  let factor: Matrix
  /// The features of the points it was made from (n x r).
  let features: Matrix

  /// - Parameters:
  ///   - tolerance: stops where the trace of K - F F' is at most this share of the trace of K.
  ///   - rank: the largest number of columns (Nystrom on greedily chosen landmarks when it binds).
  init(_ kernel: Kernel, points: Matrix, tolerance: Double = 1e-10, rank: Int = .max) {
    let n = points.rows
    let scaled = kernel.scaled(to: points)
    var residual = [Double](repeating: 1, count: n)
    var columns: [[Double]] = []
    var chosen: [Int] = []
    while chosen.count < min(n, rank) {
      var (best, trace) = (0, 0.0)
      for i in 0..<n {
        trace += max(0, residual[i])
        if residual[i] > residual[best] { best = i }
      }
      if n == 0 || trace <= tolerance * Double(n) || residual[best] <= 1e-13 { break }
      let pivot = residual[best].squareRoot()
      var column = scaled.column(points, against: (0..<points.columns).map { points[best, $0] })
      for earlier in columns {
        let weight = earlier[best]
        if weight != 0 { for i in 0..<n { column[i] -= weight * earlier[i] } }
      }
      for i in 0..<n {
        column[i] /= pivot
        residual[i] -= column[i] * column[i]
      }
      residual[best] = 0
      chosen.append(best)
      columns.append(column)
    }
    self.kernel = scaled
    features = Matrix(columns: columns, rows: n)
    pivots = points.rows(chosen)
    var factor = features.rows(chosen)
    for j in 0..<factor.columns { for i in 0..<j { factor[i, j] = 0 } }
    self.factor = factor
  }

  /// The features of new points (m x r).
  func features(at points: Matrix) -> Matrix {
    var cross = Matrix(rows: pivots.rows, columns: points.rows)
    for i in 0..<points.rows {
      let column = kernel.column(pivots, against: (0..<points.columns).map { points[i, $0] })
      for j in 0..<pivots.rows { cross[j, i] = column[j] }
    }
    return factor.solvingLower(cross).transposed
  }
}
