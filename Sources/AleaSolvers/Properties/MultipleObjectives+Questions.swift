import AleaNumerics

extension MultipleObjectives {
  /// The answer to whether all bounds can be met at once.
  public enum Achievability: Sendable {
    /// By a policy that misses a bound by no more than `missing`, which is the rounding at the edge of what can be had.
    case achievable(missing: Double)
    /// Some weighting of the objectives cannot get as far as the bounds.
    case impossible
    /// The bounds are too near to the edge of what can be had.
    case open
  }

  /// Whether one policy, that may draw lots and remember, brings every objective to at least its bound.
  ///
  /// Points are generated for the weights in which the best mixture so far falls short the most, until the mixture is beyond the bounds
  /// or a weighting shows that nothing is: the method of Dantzig and Wolfe (1960).
  ///
  /// - Parameter bounds: for each objective the least value; minus infinity where there is none.
  /// - Throws: `UnmetRequirement` when a linear program has no answer; `WorkCancelled`.
  public func achievability(of bounds: [Double], points: inout [Point], tolerance: Double) throws -> Achievability {
    let asked = bounds.indices.filter { bounds[$0] > -.infinity }
    func meets(_ values: [Double]) -> Bool { asked.allSatisfy { values[$0] >= bounds[$0] } }
    if points.contains(where: { meets($0.lower) }) || asked.isEmpty { return .achievable(missing: 0) }
    var weights = bounds.map { $0 > -.infinity ? 1 / Double(asked.count) : 0 }
    var shortfall = -Double.infinity
    for _ in 0..<Self.mostRounds {
      let point = try best(weights, tolerance: tolerance)
      let goal = asked.reduce(0) { $0 + weights[$1] * bounds[$1] }
      let size = asked.reduce(0) { $0 + abs(weights[$1] * bounds[$1]) }
      if point.limit < (goal - 0x1p-48 * size).nextDown { return .impossible }
      points.append(point)
      if meets(point.lower) { return .achievable(missing: 0) }
      // The greatest least surplus of a mixture, and the weights that show it.
      let rows = points.map { point in asked.map { point.lower[$0] - bounds[$0] } }
      let mixture = try Self.mixture(rows)
      let mixed = asked.map { index in zip(mixture, points).reduce(0) { $0 + $1.0 * $1.1.lower[index] } }
      let slip = 0x1p-50 * Double(points.count + 4)
      let missing = zip(mixed, asked).reduce(0) { max($0, bounds[$1.1] - $1.0 + slip * abs($1.0)) }
      if missing == 0 { return .achievable(missing: 0) }
      let isSame = points.dropLast().contains { $0.middle == point.middle }
      if isSame, missing <= Self.edge * max(1, asked.map { abs(bounds[$0]) }.max() ?? 1) { return .achievable(missing: missing) }
      let (found, surplus) = try Self.weights(rows)
      if surplus <= shortfall + 1e-13 && found == weights.enumerated().filter({ asked.contains($0.offset) }).map(\.element) {
        let size = max(1, asked.map { abs(bounds[$0]) }.max() ?? 1)
        return missing <= Self.edge * size ? .achievable(missing: missing) : .open
      }
      shortfall = surplus
      weights = [Double](repeating: 0, count: count)
      for (weight, index) in zip(found, asked) { weights[index] = weight }
    }
    return .open
  }

  /// The same where some objectives must get beyond their bounds: what is shown is that they do so by a margin.
  ///
  /// What can be had is convex, so a bound that can be exceeded while the others are met can be exceeded by the mixture with them.
  ///
  /// - Parameter strict: for each objective whether it must get beyond its bound.
  public func achievability(of bounds: [Double], strict: [Bool], points: inout [Point], tolerance: Double) throws -> Achievability
  {
    let plain = try achievability(of: bounds, points: &points, tolerance: tolerance)
    guard strict.contains(true), case .achievable = plain else { return plain }
    // Probability zero is a matter of the graph.
    if bounds.indices.contains(where: { strict[$0] && bounds[$0] >= 0 && isNever($0) }) { return .impossible }
    for margin in [1e-2, 1e-4, 1e-6, 1e-8] {
      let raised = bounds.indices.map { strict[$0] ? bounds[$0] + margin * max(1, abs(bounds[$0])) : bounds[$0] }
      if case .achievable(let missing) = try achievability(of: raised, points: &points, tolerance: min(tolerance, margin / 8)),
        missing < margin / 2
      {
        return .achievable(missing: missing)
      }
    }
    return .open
  }

  /// The greatest value of one objective while the others meet their bounds.
  public struct Optimum: Sendable {
    public var lower: Double
    public var upper: Double
    /// By how much a bound may be missed where it is met at the edge of what can be had.
    public var slack: Double
    public var points: Int
    /// What a mixture of policies that gets to `lower` has of each objective, at least.
    public var mixed: [Double] = []
  }

  /// The greatest value of an objective under bounds on the others; nil when no policy meets them. Under bounds that must be exceeded
  /// it is a limit, which may not be attained.
  ///
  /// - Parameter strict: for each objective whether it must get beyond its bound.
  /// - Throws: `UnmetRequirement` when a linear program has no answer or the bounds are too near to the edge; `WorkCancelled`.
  public func optimum(of index: Int, bounds: [Double], strict: [Bool], tolerance: Double) throws -> Optimum? {
    try optimum(along: (0..<count).map { $0 == index ? 1 : 0 }, bounds: bounds, strict: strict, tolerance: tolerance)
  }

  /// The same for a weighted sum of objectives without bounds.
  ///
  /// - Parameter direction: the weights, of sum one; zero for objectives with a bound.
  public func optimum(along direction: [Double], bounds: [Double], strict: [Bool], tolerance: Double) throws -> Optimum? {
    var points: [Point] = []
    var room = 0.0
    switch try achievability(of: bounds, strict: strict, points: &points, tolerance: tolerance) {
    case .impossible: return nil
    case .achievable(let missing):
      // At the edge the programs below need room for rounding.
      if missing > 0 { room = 2 * max(missing, 1e-12) }
    case .open:
      throw UnmetRequirement(
        method: "a property with several objectives", requirement: "bounds that are not at the edge of what can be had",
        found: "bounds that no mixture of policies was shown to meet", remedy: "loosen the bounds a little")
    }
    let others = bounds.indices.filter { bounds[$0] > -.infinity && direction[$0] == 0 }
    var result = Optimum(lower: -.infinity, upper: .infinity, slack: 0, points: 0)
    var weights = direction
    // The value of a unit of the direction, before the weights were brought to the sum one.
    var scale = 1.0
    for _ in 0..<Self.mostRounds {
      let point = try best(weights, tolerance: tolerance * scale)
      let given = others.reduce(0) { $0 + weights[$1] * bounds[$1] }
      let size = others.reduce(abs(point.limit)) { $0 + abs(weights[$1] * bounds[$1]) }
      result.upper = min(result.upper, ((point.limit - given + 0x1p-48 * size) / scale).nextUp)
      points.append(point)
      let mixture = try Self.best(points, direction, others, bounds, room: room)
      if mixture.value > result.lower {
        (result.lower, result.slack) = (mixture.value, mixture.missed)
        result.mixed = (0..<count).map { index in zip(mixture.shares, points).reduce(0) { $0 + $1.0 * $1.1.middle[index] } }
      }
      result.points = points.count
      let width = result.upper - result.lower
      if width <= 4 * tolerance * max(1, abs(result.lower)) || others.isEmpty { break }
      let next = try Self.prices(points, direction, others, bounds.map { $0 - room })
      let sum = 1 + next.reduce(0, +)
      var changed = direction.map { $0 / sum }
      for (price, other) in zip(next, others) { changed[other] = price / sum }
      if zip(changed, weights).allSatisfy({ abs($0 - $1) <= 1e-15 }) { break }
      weights = changed
      scale = 1 / sum
    }
    // A mixture that misses a bound a little may get a little too far.
    result.lower = min(result.lower, result.upper)
    return result
  }

  static let mostRounds = 400
  /// What counts as rounding at the edge of what can be had.
  private static let edge = 1e-9

  // MARK: Small linear programs

  private static func solve(_ program: LinearProgram) throws -> [Double] {
    do throws(LinearProgram.Failure) {
      return try GLPK.solve(program)
    } catch {
      throw UnmetRequirement(
        method: "a property with several objectives", requirement: "linear programs that can be solved", found: "\(error)",
        remedy: "change the bounds a little")
    }
  }

  /// A program with rows given densely; every row is at least its limit.
  private static func program(minimizes: Bool, _ objective: [Double], _ rows: [(entries: [Double], limit: Double)])
    -> LinearProgram
  {
    var program = LinearProgram(
      minimizes: minimizes, objective: objective, rowStart: [0], column: [], entry: [], isAtLeast: true, limit: rows.map(\.limit))
    for row in rows {
      // What is nearly zero beside the others would upset the scaling.
      let least = 1e-13 * (row.entries.map(abs).max() ?? 0)
      for (index, entry) in row.entries.enumerated() where abs(entry) > least {
        program.column.append(Int32(index))
        program.entry.append(entry)
      }
      program.rowStart.append(Int32(program.column.count))
    }
    return program
  }

  private static func unit(_ index: Int, _ count: Int, _ value: Double = 1) -> [Double] {
    (0..<count).map { $0 == index ? value : 0 }
  }

  /// Nonnegative numbers of sum one.
  private static func normalised(_ numbers: some Collection<Double>) -> [Double] {
    let clipped = numbers.map { max(0, $0) }
    let sum = clipped.reduce(0, +)
    return sum > 0 ? clipped.map { $0 / sum } : [Double](repeating: 1 / Double(max(1, numbers.count)), count: numbers.count)
  }

  /// Conditions that make the first variables nonnegative and their sum one.
  private static func simplex(_ variables: Int, of count: Int) -> [(entries: [Double], limit: Double)] {
    let ones = (0..<count).map { $0 < variables ? 1.0 : 0 }
    return (0..<variables).map { (unit($0, count), 0) } + [(ones, 1), (ones.map { -$0 }, -1)]
  }

  /// The mixture of rows whose least entry is greatest.
  static func mixture(_ rows: [[Double]]) throws -> [Double] {
    let width = rows[0].count
    let count = rows.count + 1
    var conditions = simplex(rows.count, of: count)
    for column in 0..<width { conditions.append((rows.map { $0[column] } + [-1], 0)) }
    return normalised(try solve(program(minimizes: false, unit(rows.count, count), conditions)).dropLast())
  }

  /// The weights of columns for which the best row is least, and its weighted sum.
  private static func weights(_ rows: [[Double]]) throws -> ([Double], Double) {
    let width = rows[0].count
    let count = width + 1
    var conditions = simplex(width, of: count)
    for row in rows { conditions.append((row.map { -$0 } + [1], 0)) }
    let solution = try solve(program(minimizes: true, unit(width, count), conditions))
    return (normalised(solution.dropLast()), solution[width])
  }

  /// The greatest value of an objective over mixtures that meet the bounds, and by how much the mixture misses one.
  private static func best(_ points: [Point], _ direction: [Double], _ others: [Int], _ bounds: [Double], room: Double) throws
    -> (
      value: Double, missed: Double, shares: [Double]
    )
  {
    let worth = points.map { point in zip(direction, point.lower).reduce(0) { $1.0 == 0 ? $0 : $0 + $1.0 * $1.1 } }
    func value(_ mixture: [Double], _ objective: Int) -> Double {
      zip(mixture, points).reduce(0) { $0 + $1.0 * $1.1.lower[objective] }
    }
    var conditions = simplex(points.count, of: points.count)
    for other in others { conditions.append((points.map { $0.lower[other] }, bounds[other] - room)) }
    guard var mixture = try? normalised(solve(program(minimizes: false, worth, conditions))) else {
      let able = points.indices.filter { point in others.allSatisfy { points[point].lower[$0] >= bounds[$0] } }
      guard let single = able.max(by: { worth[$0] < worth[$1] }) else { return (-.infinity, 0, unit(0, points.count)) }
      return (worth[single], 0, unit(single, points.count))
    }
    func shortfall(_ mixture: [Double]) -> Double { others.map { bounds[$0] - value(mixture, $0) }.max() ?? 0 }
    var missed = shortfall(mixture)
    if missed > 0 {
      // A little of a point with something to spare makes up for rounding.
      let surplus = points.indices.map { point in others.map { points[point].lower[$0] - bounds[$0] }.min() ?? 0 }
      if let spare = surplus.indices.max(by: { surplus[$0] < surplus[$1] }), surplus[spare] > 0 {
        let share = min(1, 2 * missed / (missed + surplus[spare]))
        mixture = mixture.indices.map { mixture[$0] * (1 - share) + ($0 == spare ? share : 0) }
        missed = shortfall(mixture)
      }
    }
    let (reached, size) = zip(mixture, worth).reduce((0, 0)) { ($0.0 + $1.0 * $1.1, $0.1 + $1.0 * abs($1.1)) }
    return (reached - 0x1p-50 * Double(points.count + direction.count + 4) * size, max(0, missed), mixture)
  }

  /// What a unit of each bound costs in the objective, given the points so far.
  private static func prices(_ points: [Point], _ direction: [Double], _ others: [Int], _ bounds: [Double]) throws -> [Double] {
    let count = others.count + 1
    var conditions = others.indices.map { (entries: unit($0, count), limit: 0.0) }
    for point in points {
      let worth = zip(direction, point.lower).reduce(0) { $1.0 == 0 ? $0 : $0 + $1.0 * $1.1 }
      conditions.append((others.map { bounds[$0] - point.lower[$0] } + [1], worth))
    }
    return try solve(program(minimizes: true, unit(others.count, count), conditions)).dropLast().map { max(0, $0) }
  }
}
