extension MultipleObjectives {
  /// A face of what the points so far and all that is worse than they are make up: a weighting and how far the points get in it.
  private struct Face {
    var weights: [Double]
    var level: Double
  }

  /// The most objectives whose front is listed, and the most points of it.
  public static let mostFrontObjectives = 4
  private static func mostFrontPoints(_ count: Int) -> Int { count < 4 ? 200 : 60 }

  /// The corners of what can be had of several objectives at once, the best for the first objective first.
  ///
  /// Each face of what is known to be possible is put to the question whether a policy gets beyond it; where one does, it is a new point
  /// with faces of its own. In the end none gets farther than the tolerance beyond any face.
  /// Source: Forejt, Kwiatkowska and Parker, *Pareto curves for probabilistic model checking*, ATVA 2012, algorithm 1.
  ///
  /// - Parameters:
  ///   - wanted: the objectives; a point has one number for each of them.
  ///   - bounds: for each of all objectives the least value, minus infinity where there is none.
  ///   - strict: for each of all objectives whether it must get beyond its bound.
  ///   - tolerance: no policy gets farther than this beyond the faces that the corners span.
  /// - Returns: nil when no policy meets the bounds.
  /// - Throws: `UnmetRequirement` where there are more objectives or corners than can be listed; `WorkCancelled`.
  public func corners(of wanted: [Int], bounds: [Double], strict: [Bool], tolerance: Double) throws -> [Point]? {
    struct Impossible: Error {}
    let isBounded = bounds.contains { $0 > -.infinity }
    func point(_ weights: [Double], _ tolerance: Double) throws -> Point {
      var direction = [Double](repeating: 0, count: count)
      for (weight, index) in zip(weights, wanted) { direction[index] = weight }
      guard isBounded else {
        var point = try best(direction, tolerance: tolerance)
        (point.lower, point.upper) = (wanted.map { point.lower[$0] }, wanted.map { point.upper[$0] })
        return point
      }
      guard let optimum = try optimum(along: direction, bounds: bounds, strict: strict, tolerance: tolerance / 8) else {
        throw Impossible()
      }
      let mixed = wanted.map { optimum.mixed[$0] }
      return Point(weights: weights, lower: mixed, upper: mixed, limit: optimum.upper)
    }
    do {
      if wanted.count == 2 { return try front(tolerance: tolerance, best: point) }
      return try faces(of: wanted.count, tolerance: tolerance, best: point)
    } catch is Impossible {
      return nil
    }
  }

  /// The best for weights, to a tolerance.
  private typealias Best = ([Double], Double) throws -> Point

  /// The corners for three objectives or more.
  private func faces(of count: Int, tolerance: Double, best: Best) throws -> [Point] {
    func tooMany(_ found: String) -> UnmetRequirement {
      UnmetRequirement(
        method: "what can be had of several objectives", requirement: "few objectives with few corners", found: found,
        remedy: "ask for the best of one under bounds on the others")
    }
    guard count <= Self.mostFrontObjectives else { throw tooMany("\(count) objectives") }
    var points: [Point] = []
    for index in 0..<count {
      let point = try best((0..<count).map { $0 == index ? 1 : 0 }, tolerance / 4)
      if !points.contains(where: { Self.distance($0.middle, point.middle) <= tolerance / 4 }) { points.append(point) }
    }
    var open = Self.faces(points.map(\.middle), with: nil)
    var known = open
    while let face = open.popLast() {
      let reached = points.map { Self.product(face.weights, $0.middle) }.max() ?? -.infinity
      // A later point may lie beyond the face: then it is none any more.
      if reached > face.level + tolerance / 4 { continue }
      let point = try best(face.weights, tolerance / 4)
      if point.limit <= reached + tolerance || Self.product(face.weights, point.middle) <= reached + tolerance / 2 { continue }
      guard points.count < Self.mostFrontPoints(count) else { throw tooMany("more than \(points.count) corners") }
      points.append(point)
      for next in Self.faces(points.map(\.middle), with: points.count - 1)
      where !known.contains(where: { Self.distance($0.weights, next.weights) <= 1e-12 && $0.level >= next.level - tolerance / 8 })
      {
        open.append(next)
        known.append(next)
      }
    }
    return try Self.extreme(points, tolerance: tolerance)
      .sorted { $1.middle.lexicographicallyPrecedes($0.middle) }
  }

  /// The corners of what can be had of two objectives, from the best for the first to the best for the second.
  ///
  /// - Parameter tolerance: no policy gets farther than this beyond the lines between the corners.
  private func front(tolerance: Double, best: Best) throws -> [Point] {
    var corners = [try best([1, 0], tolerance / 4), try best([0, 1], tolerance / 4)]
    var place = 0
    while place + 1 < corners.count, corners.count < Self.mostRounds {
      let (a, b) = (corners[place].middle, corners[place + 1].middle)
      let (fall, rise) = (a[0] - b[0], b[1] - a[1])
      guard fall > tolerance, rise > tolerance else {
        // One of them is no better in any way.
        corners.remove(at: fall > tolerance ? place + 1 : rise > tolerance ? place : place + 1)
        if place > 0 { place -= 1 }
        continue
      }
      let weights = [rise / (rise + fall), fall / (rise + fall)]
      let point = try best(weights, tolerance / 4)
      let reached = weights[0] * a[0] + weights[1] * a[1]
      if point.limit <= reached + tolerance
        || weights[0] * point.middle[0] + weights[1] * point.middle[1] <= reached + tolerance / 2
      {
        place += 1
      } else {
        corners.insert(point, at: place + 1)
      }
    }
    return corners
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  private static func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

  /// The faces of points and everything below them, or those that go through one of them.
  ///
  /// Every face is spanned by as many points as it has positive weights.
  private static func faces(_ points: [[Double]], with newest: Int?) -> [Face] {
    let width = points.first?.count ?? 0
    var result: [Face] = []
    for support in 1..<(1 << width) {
      let objectives = (0..<width).filter { support >> $0 & 1 == 1 }
      for chosen in subsets(of: points.count, taking: objectives.count, with: newest) {
        guard let found = normal(chosen.map { point in objectives.map { points[point][$0] } }) else { continue }
        var weights = [Double](repeating: 0, count: width)
        for (weight, objective) in zip(found, objectives) { weights[objective] = weight }
        let level = product(weights, points[chosen[0]])
        let slip = 1e-11 * max(1, abs(level))
        let isFace = points.allSatisfy { product(weights, $0) <= level + slip }
        if isFace, !result.contains(where: { distance($0.weights, weights) <= 1e-12 }) {
          result.append(Face(weights: weights, level: level))
        }
      }
    }
    return result
  }

  /// The subsets of a size; with `newest` those that contain it and nothing after it.
  private static func subsets(of count: Int, taking size: Int, with newest: Int?) -> [[Int]] {
    let (pool, left) = (newest ?? count, newest == nil ? size : size - 1)
    guard left <= pool else { return [] }
    var result: [[Int]] = []
    var current = Array(0..<left)
    while true {
      result.append(current + (newest.map { [$0] } ?? []))
      guard let place = current.indices.last(where: { current[$0] < pool - left + $0 }) else { return result }
      current[place] += 1
      for later in (place + 1)..<max(place + 1, left) { current[later] = current[later - 1] + 1 }
    }
  }

  /// The positive weights of sum one that give all points the same value; nil where there are none, or more than one.
  private static func normal(_ points: [[Double]]) -> [Double]? {
    let count = points.count
    // Rows: differences to the first point, and the sum of the weights.
    var rows = points.dropFirst().map { point in (0..<count).map { point[$0] - points[0][$0] } + [0] }
    rows.append([Double](repeating: 1, count: count + 1))
    let size = rows.dropLast().reduce(0) { $1.reduce($0) { max($0, abs($1)) } }
    for column in 0..<count {
      guard let pivot = (column..<count).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
        abs(rows[pivot][column]) > 1e-12 * max(1, size)
      else { return nil }
      rows.swapAt(column, pivot)
      for other in 0..<count where other != column {
        let factor = rows[other][column] / rows[column][column]
        if factor != 0 { for entry in column...count { rows[other][entry] -= factor * rows[column][entry] } }
      }
    }
    let weights = (0..<count).map { rows[$0][count] / rows[$0][$0] }
    return weights.allSatisfy { $0 > 1e-12 && $0.isFinite } ? weights : nil
  }

  /// The points that no mixture of the others gets as far as, in every objective.
  private static func extreme(_ points: [Point], tolerance: Double) throws -> [Point] {
    var kept = points
    var place = 0
    while place < kept.count {
      let here = kept[place].middle
      let others = kept.indices.filter { $0 != place }.map { other in zip(kept[other].middle, here).map { $0 - $1 } }
      if !others.isEmpty, try surplus(others) >= -tolerance / 2 { kept.remove(at: place) } else { place += 1 }
    }
    return kept
  }

  /// The greatest least entry of a mixture of rows.
  private static func surplus(_ rows: [[Double]]) throws -> Double {
    let mixture = try mixture(rows)
    return (0..<rows[0].count).map { column in zip(mixture, rows).reduce(0) { $0 + $1.0 * $1.1[column] } }.min() ?? -.infinity
  }
}
