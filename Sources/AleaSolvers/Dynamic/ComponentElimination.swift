/// Direct solution of small systems `x(i) = (b(i) + sum over j of a(i, j) x(j)) / d(i)` in which `d(i)` is what row `i` sends to other
/// states and out of the system, by eliminating states without a subtraction among the `a` and `d`.
///
/// However slowly the chain leaves, the coefficients keep full relative precision, where ordinary elimination would lose `1 - p(i, i)`.
/// Source: Grassmann, Taksar and Heyman, *Regenerative analysis and steady state distributions*, Oper. Res. 33 (1985);
/// O'Cinneide, *Entrywise perturbation theory and error analysis for Markov chains*, Numer. Math. 65 (1993).
struct StateElimination {
  let count: Int
  /// Row-major transitions among the states; the diagonal is ignored.
  var matrix: [Double]
  /// What each row sends out of the system.
  var exit: [Double]
  /// Right-hand sides, one array each.
  var sides: [[Double]]

  init(count: Int, sides: Int) {
    self.count = count
    matrix = [Double](repeating: 0, count: count * count)
    exit = [Double](repeating: 0, count: count)
    self.sides = [[Double]](repeating: [Double](repeating: 0, count: count), count: sides)
  }

  /// Solves in place; nil when some states cannot leave the system.
  mutating func solve() -> [[Double]]? {
    let n = count
    let sideCount = sides.count
    var outflow = [Double](repeating: 0, count: n)
    let solvable = matrix.withUnsafeMutableBufferPointer { a -> Bool in
      var k = n - 1
      while k >= 0 {
        let row = k * n
        var sum = exit[k]
        for j in 0..<k { sum += a[row + j] }
        guard sum > 0 else { return false }
        outflow[k] = sum
        for i in 0..<k {
          let into = a[i * n + k]
          guard into > 0 else { continue }
          let factor = into / sum
          let target = i * n
          for j in 0..<k { a[target + j] += factor * a[row + j] }
          exit[i] += factor * exit[k]
          for side in 0..<sideCount { sides[side][i] += factor * sides[side][k] }
        }
        k -= 1
      }
      return true
    }
    guard solvable else { return nil }
    for side in 0..<sideCount {
      for k in 0..<n {
        var sum = sides[side][k]
        for j in 0..<k { sum += matrix[k * n + j] * sides[side][j] }
        sides[side][k] = sum / outflow[k]
      }
    }
    return sides
  }
}
