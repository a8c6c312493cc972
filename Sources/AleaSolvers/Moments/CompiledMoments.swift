import AleaModel
import AleaNumerics

/// A moment problem laid over data: every restriction as `r = y - X theta`, theta the stacked coefficients of the unknowns' features.
struct CompiledMoments: Sendable {
  struct Equation: Sendable {
    /// The residual's part without unknowns.
    var outcome: Matrix
    /// Minus the residual's derivative in the coefficients (n x p).
    var design: Matrix
    var instruments: Matrix
    var conditioning: [String]
    var statistic: MomentProblem.Statistic
    var text: String
    /// What stands in place of outcome and design where the residual is not affine.
    var curve: Curve?
  }

  /// A residual that is not affine, with its derivative in each application.
  struct Curve: Sendable {
    var residual: ExpressionID
    var slopes: [Int: ExpressionID]
  }

  let problem: MomentProblem
  let data: MomentData
  /// The features of each application of an unknown.
  let features: [Matrix]
  let maps: [FeatureMap]
  /// Where each unknown's coefficients start, and one past the end.
  let offsets: [Int]
  private(set) var equations: [Equation]
  /// 1 where a coefficient belongs to a penalised class, else 0.
  let penalty: [Double]
  private(set) var rowCount: Int

  var parameterCount: Int { offsets.last ?? 0 }

  /// - Throws: ``MomentFault`` where the data are empty or incomplete, and where a residual is not affine in the unknowns.
  init(_ source: MomentProblem, _ data: MomentData) throws {
    LinearAlgebraThreads.useOne()
    guard data.rowCount >= 4 else {
      throw MomentFault("\(data.rowCount) rows are too few to learn from", remedy: "at least 4 rows are needed")
    }
    var problem = source
    let applications = try problem.applications.map { application in
      Matrix(columns: try application.arguments.map { try source.evaluate($0, data) }, rows: data.rowCount)
    }
    var maps: [FeatureMap] = []
    var offsets = [0]
    var features = [Matrix?](repeating: nil, count: applications.count)
    for (index, unknown) in problem.unknowns.enumerated() {
      let places = applications.indices.filter { problem.applications[$0].unknown == index }
      guard let first = places.first else { throw MomentFault("no restriction mentions `\(unknown.name)`") }
      let points = places.dropFirst().reduce(applications[first]) { $0.above(applications[$1]) }
      let map = try FeatureMap(unknown.functionClass, points: points, arguments: unknown.arguments)
      for place in places { features[place] = map.features(at: applications[place]) }
      maps.append(map)
      offsets.append(offsets[index] + (features[first]?.columns ?? 0))
    }
    var equations: [Equation] = []
    for restriction in problem.restrictions {
      guard let form = problem.affine(restriction.residual) else {
        var slopes: [Int: ExpressionID] = [:]
        for place in applications.indices {
          guard let slope = problem.derivative(restriction.residual, in: place) else {
            throw MomentFault("`\(restriction.text)` has no derivative in the unknown functions")
          }
          if slope != problem.pool.constant(0, type: .real) { slopes[place] = slope }
        }
        equations.append(
          Equation(
            outcome: Matrix(rows: data.rowCount, columns: 1),
            design: Matrix(rows: data.rowCount, columns: offsets[offsets.count - 1]),
            instruments: try data.matrix(restriction.conditioning), conditioning: restriction.conditioning,
            statistic: restriction.statistic, text: restriction.text, curve: Curve(residual: restriction.residual, slopes: slopes)
          ))
        continue
      }
      var design = Matrix(rows: data.rowCount, columns: offsets[offsets.count - 1])
      for (place, factor) in form.factors.sorted(by: { $0.key < $1.key }) {
        guard let block = features[place] else { continue }
        let weights = try problem.evaluate(factor, data)
        let start = offsets[problem.applications[place].unknown]
        for j in 0..<block.columns { for i in 0..<block.rows { design[i, start + j] -= weights[i] * block[i, j] } }
      }
      let constant = try form.constant.map { try problem.evaluate($0, data) }
      equations.append(
        Equation(
          outcome: Matrix(column: constant ?? Array(repeating: 0, count: data.rowCount)), design: design,
          instruments: try data.matrix(restriction.conditioning), conditioning: restriction.conditioning,
          statistic: restriction.statistic, text: restriction.text))
    }
    var penalty: [Double] = []
    for (index, unknown) in problem.unknowns.enumerated() {
      penalty += Array(repeating: unknown.functionClass.isPenalised ? 1 : 0, count: offsets[index + 1] - offsets[index])
    }
    self.problem = problem
    self.data = data
    self.features = features.map { $0 ?? Matrix(rows: data.rowCount, columns: 0) }
    self.maps = maps
    self.offsets = offsets
    self.equations = equations
    self.penalty = penalty
    rowCount = data.rowCount
  }

  /// The same problem over some of the rows.
  func part(_ rows: [Int]) -> CompiledMoments {
    var part = self
    part.rowCount = rows.count
    for index in equations.indices {
      part.equations[index].outcome = equations[index].outcome.rows(rows)
      part.equations[index].design = equations[index].design.rows(rows)
      // Only affine equations are divided: see `checkAffine`.
      part.equations[index].instruments = equations[index].instruments.rows(rows)
    }
    return part
  }

  var isPenalised: Bool { penalty.contains { $0 > 0 } }
}
