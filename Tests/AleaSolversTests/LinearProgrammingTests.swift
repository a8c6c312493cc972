import AleaModel
import AleaNumerics
import Testing

@testable import AleaSolvers

@Suite struct LinearProgrammingTests {
  /// Least x + y with x + 2y >= 4, 3x + y >= 6: at x = 8/5, y = 6/5.
  static let program = LinearProgram(
    minimizes: true, objective: [1, 1], rowStart: [0, 2, 4], column: [0, 1, 0, 1], entry: [1, 2, 3, 1], isAtLeast: true,
    limit: [4, 6])

  @Test func glpkFindsTheVertex() throws {
    let point = try GLPK.solve(Self.program)
    #expect(abs(point[0] - 1.6) < 1e-9 && abs(point[1] - 1.2) < 1e-9)
  }

  @Test(.enabled(if: HiGHS() != nil)) func highsFindsTheVertex() throws {
    let point = try #require(try HiGHS()?.solve(Self.program))
    #expect(abs(point[0] - 1.6) < 1e-7 && abs(point[1] - 1.2) < 1e-7)
  }

  @Test func unboundedProgramsAreNoticed() {
    var program = Self.program
    program.minimizes = false
    #expect(throws: LinearProgram.Failure.self) { try GLPK.solve(program) }
  }

  private static let tiny = Double.leastNonzeroMagnitude

  /// The library would end the process where it cannot scale the coefficients; it answers again afterwards.
  @Test(arguments: [[tiny, 1], [1e308, tiny], [0, tiny], [.infinity, 1], [.nan, 1]]) func strangeCoefficientsFail(
    _ first: [Double]
  ) throws {
    var program = Self.program
    program.entry.replaceSubrange(0..<2, with: first)
    if let point = try? GLPK.solve(program) { #expect(point.allSatisfy { $0.isFinite }) }
    let point = try GLPK.solve(Self.program)
    #expect(abs(point[0] - 1.6) < 1e-9)
  }
}
