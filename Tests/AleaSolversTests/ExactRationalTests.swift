import AleaModel
import Testing

/// The oracle itself, on facts that can be seen by eye.
@Suite struct ExactRationalTests {
  @Test func doublesAreTakenExactly() {
    #expect(ExactRational(0.5) == ExactRational(1) / ExactRational(2))
    #expect(ExactRational(0.1) != ExactRational(1) / ExactRational(10))
    #expect(ExactRational(0.1) > ExactRational(1) / ExactRational(10))
    #expect(ExactRational(-3.25) + ExactRational(3.25) == .zero)
    #expect(ExactRational(.leastNonzeroMagnitude) > .zero)
    #expect(ExactRational(1e300) * ExactRational(1e-300) != .one)
    #expect((ExactRational(1) / ExactRational(3)).approximation == 1.0 / 3)
  }

  @Test func solvesTheHilbertMatrix() {
    let size = 6
    let matrix = (0..<size).map { row in (0..<size).map { ExactRational(1) / ExactRational(row + $0 + 1) } }
    let right = matrix.map { $0.reduce(.zero, +) }
    #expect(ExactLinear.solve(matrix, right) == [ExactRational](repeating: .one, count: size))
    #expect(ExactLinear.solve([[.one, .one], [.one, .one]], [.one, .zero]) == nil)
  }

  /// Stay and earn 1 forever: 1/(1 - g). Leaving earns 3 once.
  @Test func stayingOrLeaving() {
    let process = ProcessBuilder(
      states: [[(1, [(0, 1)]), (3, [(1, 1)])], []], criterion: .discounted(0.5)
    ).process
    let exact = ExactRationalProcess(process)
    #expect(exact.optimalValue(discount: 0.5) == [ExactRational(3), .zero])
    #expect(exact.optimalValue(discount: 0.75) == [ExactRational(4), .zero])
    #expect(exact.finiteHorizonValue(4, discount: 1)[0] == [ExactRational(6), .zero])
  }
}
