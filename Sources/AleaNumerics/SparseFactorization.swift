import CSuiteSparse

/// The LU factors of a sparse square matrix (UMFPACK), for solving with many right sides.
///
/// Source: Davis, *Algorithm 832: UMFPACK*, ACM Trans. Math. Softw. 30 (2004).
public final class SparseFactorization {
  private let columnStart: [Int]
  private let rowIndex: [Int]
  private let entry: [Double]
  private var numeric: UnsafeMutableRawPointer?
  private let count: Int

  /// Why a matrix could not be factorised.
  public enum Failure: Error, Sendable, Equatable {
    case singular
    case outOfMemory
    case other(Int)
  }

  /// Factorises the matrix given by columns: `entry[k]` stands in row `rowIndex[k]` for `k` in `columnStart[j] ..< columnStart[j + 1]`,
  /// rows increasing within a column.
  public init(count: Int, columnStart: [Int], rowIndex: [Int], entry: [Double]) throws(Failure) {
    self.count = count
    self.columnStart = columnStart
    self.rowIndex = rowIndex
    self.entry = entry
    var symbolic: UnsafeMutableRawPointer?
    var status = umfpack_dl_symbolic(count, count, columnStart, rowIndex, entry, &symbolic, nil, nil)
    defer { umfpack_dl_free_symbolic(&symbolic) }
    try Self.check(Int(status))
    status = umfpack_dl_numeric(columnStart, rowIndex, entry, symbolic, &numeric, nil, nil)
    if status != UMFPACK_OK { umfpack_dl_free_numeric(&numeric) }
    try Self.check(Int(status))
  }

  deinit { umfpack_dl_free_numeric(&numeric) }

  /// Solves `A x = b`, with UMFPACK's own steps of iterative refinement; `transposed` solves with the transposed matrix instead.
  public func solve(
    _ right: UnsafePointer<Double>, into x: UnsafeMutablePointer<Double>, transposed: Bool = false
  ) throws(Failure) {
    let system = Int(transposed ? UMFPACK_Aat : UMFPACK_A)
    try Self.check(Int(umfpack_dl_solve(system, columnStart, rowIndex, entry, x, right, numeric, nil, nil)))
  }

  private static func check(_ status: Int) throws(Failure) {
    switch status {
    case Int(UMFPACK_OK): return
    case Int(UMFPACK_WARNING_singular_matrix): throw .singular
    case Int(UMFPACK_ERROR_out_of_memory): throw .outOfMemory
    default: throw .other(status)
    }
  }
}
