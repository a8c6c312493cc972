import CLAPACKE
import COpenBLAS

/// A dense matrix of doubles, stored by columns, the layout BLAS and LAPACK take without copies.
public struct Matrix: Hashable, Sendable {
  public private(set) var rows: Int
  public private(set) var columns: Int
  /// Element (i, j) is `elements[j * rows + i]`.
  public var elements: [Double]

  public init(rows: Int, columns: Int, elements: [Double]) {
    precondition(elements.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, elements: [Double](repeating: 0, count: rows * columns))
  }

  /// One column for each array; all have the same length.
  public init(columns list: [[Double]], rows: Int) {
    self.init(rows: rows, columns: list.count, elements: Array(list.joined()))
  }

  public static func identity(_ size: Int) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  public subscript(row: Int, column: Int) -> Double {
    get { elements[column * rows + row] }
    set { elements[column * rows + row] = newValue }
  }

  public func column(_ index: Int) -> [Double] { Array(elements[index * rows..<(index + 1) * rows]) }

  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for j in 0..<columns { for i in 0..<rows { result[j, i] = self[i, j] } }
    return result
  }

  /// The matrices side by side.
  public func appending(_ other: Matrix) -> Matrix {
    precondition(rows == other.rows)
    return Matrix(rows: rows, columns: columns + other.columns, elements: elements + other.elements)
  }

  public static func + (a: Matrix, b: Matrix) -> Matrix {
    Matrix(rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map { $0 + $1 })
  }

  public static func - (a: Matrix, b: Matrix) -> Matrix {
    Matrix(rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map { $0 - $1 })
  }

  public static func * (scale: Double, a: Matrix) -> Matrix {
    Matrix(rows: a.rows, columns: a.columns, elements: a.elements.map { scale * $0 })
  }

  /// The product of two matrices (`dgemm`).
  public static func * (a: Matrix, b: Matrix) -> Matrix { a.times(b, transposeSelf: false) }

  /// The product of this matrix's transpose with another matrix, without forming the transpose.
  public func transposeTimes(_ other: Matrix) -> Matrix { times(other, transposeSelf: true) }

  private func times(_ other: Matrix, transposeSelf: Bool) -> Matrix {
    let (m, inner) = transposeSelf ? (columns, rows) : (rows, columns)
    precondition(inner == other.rows)
    var result = Matrix(rows: m, columns: other.columns)
    if m == 0 || other.columns == 0 || inner == 0 { return result }
    cblas_dgemm(
      CblasColMajor, transposeSelf ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(m), Int32(other.columns), Int32(inner), 1,
      elements, Int32(rows), other.elements, Int32(other.rows), 0, &result.elements, Int32(m))
    return result
  }

  /// An orthonormal basis of the columns with its triangular factor (Householder QR), or nil when a column depends on the ones before.
  ///
  /// - Parameter tolerance: a diagonal entry of R below this times its column's norm counts as dependence.
  public func qr(tolerance: Double = 1e-10) -> (q: Matrix, r: Matrix)? {
    guard rows >= columns else { return nil }
    if columns == 0 { return (self, Matrix(rows: 0, columns: 0)) }
    var factor = elements
    var tau = [Double](repeating: 0, count: columns)
    guard
      LAPACKE_dgeqrf(LAPACK_COL_MAJOR, Int32(rows), Int32(columns), &factor, Int32(rows), &tau) == 0
    else { return nil }
    var r = Matrix(rows: columns, columns: columns)
    for j in 0..<columns {
      var norm = 0.0
      for i in 0...j {
        r[i, j] = factor[j * rows + i]
        norm += r[i, j] * r[i, j]
      }
      if !(abs(r[j, j]) > tolerance * norm.squareRoot()) { return nil }
    }
    guard
      LAPACKE_dorgqr(LAPACK_COL_MAJOR, Int32(rows), Int32(columns), Int32(columns), &factor, Int32(rows), tau) == 0
    else { return nil }
    return (Matrix(rows: rows, columns: columns, elements: factor), r)
  }

  /// The first column that depends linearly on the ones before it, or nil.
  public func firstDependentColumn(tolerance: Double = 1e-10) -> Int? {
    for count in 1...max(1, columns) where count <= columns {
      if Matrix(rows: rows, columns: count, elements: Array(elements[0..<count * rows])).qr(tolerance: tolerance) == nil {
        return count - 1
      }
    }
    return nil
  }

  /// The solution of a general square system (`dgesv`), or nil when the matrix is singular.
  public func solve(_ right: Matrix) -> Matrix? {
    precondition(rows == columns && right.rows == rows)
    if rows == 0 { return right }
    var factor = elements
    var pivots = [Int32](repeating: 0, count: rows)
    var solution = right
    let status = LAPACKE_dgesv(
      LAPACK_COL_MAJOR, Int32(rows), Int32(right.columns), &factor, Int32(rows), &pivots, &solution.elements, Int32(rows))
    return status == 0 ? solution : nil
  }

  public var inverse: Matrix? { solve(Matrix.identity(rows)) }

  /// The eigenvalues, ascending, and orthonormal eigenvectors of a symmetric matrix (`dsyev`).
  public func symmetricEigen() -> (values: [Double], vectors: Matrix)? {
    precondition(rows == columns)
    if rows == 0 { return ([], self) }
    var vectors = self
    var values = [Double](repeating: 0, count: rows)
    guard
      LAPACKE_dsyev(
        LAPACK_COL_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), Int32(rows), &vectors.elements, Int32(rows), &values
      )
        == 0
    else { return nil }
    return (values, vectors)
  }

  /// The lower triangular L with `L L'` equal to this symmetric matrix, or nil when it is not positive definite.
  public func cholesky() -> Matrix? {
    precondition(rows == columns)
    var factor = self
    guard LAPACKE_dpotrf(LAPACK_COL_MAJOR, CChar(UInt8(ascii: "L")), Int32(rows), &factor.elements, Int32(rows)) == 0 else {
      return nil
    }
    for j in 0..<columns { for i in 0..<j { factor[i, j] = 0 } }
    return factor
  }
}
