import CLAPACKE
import COpenBLAS

extension Matrix {
  /// The solution of `L x = right` for this lower triangular L (`dtrsm`); the diagonal must have no zero.
  public func solvingLower(_ right: Matrix) -> Matrix { triangular(right, CblasNoTrans) }

  /// The solution of `L' x = right` for this lower triangular L (`dtrsm`); the diagonal must have no zero.
  public func solvingLowerTransposed(_ right: Matrix) -> Matrix { triangular(right, CblasTrans) }

  private func triangular(_ right: Matrix, _ transposition: CBLAS_TRANSPOSE) -> Matrix {
    precondition(rows == columns && right.rows == rows)
    if rows == 0 || right.columns == 0 { return right }
    var solution = right
    cblas_dtrsm(
      CblasColMajor, CblasLeft, CblasLower, transposition, CblasNonUnit, Int32(rows), Int32(right.columns), 1, elements,
      Int32(rows), &solution.elements, Int32(rows))
    return solution
  }

  /// The rows at the given positions, in that order.
  public func rows(_ indices: [Int]) -> Matrix {
    var result = Matrix(rows: indices.count, columns: columns)
    for j in 0..<columns { for (position, index) in indices.enumerated() { result[position, j] = self[index, j] } }
    return result
  }

  /// Row i times `factors[i]`.
  public func scalingRows(_ factors: [Double]) -> Matrix {
    var result = self
    for j in 0..<columns { for i in 0..<rows { result[i, j] *= factors[i] } }
    return result
  }

  /// Column j times `factors[j]`.
  public func scalingColumns(_ factors: [Double]) -> Matrix {
    var result = self
    for j in 0..<columns { for i in 0..<rows { result[i, j] *= factors[j] } }
    return result
  }

  /// This matrix above another one with as many columns.
  public func above(_ other: Matrix) -> Matrix {
    precondition(columns == other.columns)
    var result = Matrix(rows: rows + other.rows, columns: columns)
    for j in 0..<columns {
      for i in 0..<rows { result[i, j] = self[i, j] }
      for i in 0..<other.rows { result[rows + i, j] = other[i, j] }
    }
    return result
  }

  /// A matrix of one column.
  public init(column: [Double]) { self.init(rows: column.count, columns: 1, elements: column) }
}

/// How many threads BLAS uses: small products are much slower on many threads of a busy machine.
public enum LinearAlgebraThreads {
  /// Limits BLAS to one thread for the process.
  public static func useOne() { openblas_set_num_threads(1) }
}
