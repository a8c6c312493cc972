#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The HiGHS linear programming library, where it is installed: opened at run time, so that nothing depends on it.
///
/// Looked for as `libhighs.so` and `libhighs.so.1`, or at the path in the environment variable `ALEA_HIGHS_LIB`.
/// Source: Huangfu and Hall, *Parallelizing the dual revised simplex method*, Math. Prog. Comp. 10 (2018).
public struct HiGHS: @unchecked Sendable {
  private typealias Handle = OpaquePointer
  private typealias Numbers = UnsafePointer<Double>
  private typealias Results = UnsafeMutablePointer<Double>
  private let create: @convention(c) () -> Handle?
  private let destroy: @convention(c) (Handle?) -> Void
  private let setFlag: @convention(c) (Handle?, UnsafePointer<CChar>, Int32) -> Int32
  private let pass:
    @convention(c) (
      Handle?, Int32, Int32, Int32, Int32, Int32, Double, Numbers, Numbers, Numbers, Numbers, Numbers, UnsafePointer<Int32>,
      UnsafePointer<Int32>, Numbers
    ) -> Int32
  private let run: @convention(c) (Handle?) -> Int32
  private let status: @convention(c) (Handle?) -> Int32
  private let solution: @convention(c) (Handle?, Results?, Results?, Results?, Results?) -> Int32

  /// Opens the library; nil where there is none.
  public init?() {
    let names = (getenv("ALEA_HIGHS_LIB").map { [String(cString: $0)] } ?? []) + ["libhighs.so", "libhighs.so.1"]
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
      let create = dlsym(library, "Highs_create"), let destroy = dlsym(library, "Highs_destroy"),
      let setFlag = dlsym(library, "Highs_setBoolOptionValue"), let pass = dlsym(library, "Highs_passLp"),
      let run = dlsym(library, "Highs_run"), let status = dlsym(library, "Highs_getModelStatus"),
      let solution = dlsym(library, "Highs_getSolution")
    else { return nil }
    self.create = unsafeBitCast(create, to: type(of: self.create))
    self.destroy = unsafeBitCast(destroy, to: type(of: self.destroy))
    self.setFlag = unsafeBitCast(setFlag, to: type(of: self.setFlag))
    self.pass = unsafeBitCast(pass, to: type(of: self.pass))
    self.run = unsafeBitCast(run, to: type(of: self.run))
    self.status = unsafeBitCast(status, to: type(of: self.status))
    self.solution = unsafeBitCast(solution, to: type(of: self.solution))
  }

  /// An optimal point, to the solver's own tolerances: nothing about it is certified.
  public func solve(_ program: LinearProgram) throws(LinearProgram.Failure) -> [Double] {
    guard program.columnCount > 0 else { return [] }
    guard let model = create() else { throw .gaveUp("no memory") }
    defer { destroy(model) }
    _ = setFlag(model, "output_flag", 0)
    let (columns, rows) = (program.columnCount, program.rowCount)
    let free = [Double](repeating: .infinity, count: columns)
    let open = [Double](repeating: .infinity, count: rows)
    let passed = pass(
      model, Int32(columns), Int32(rows), Int32(program.entry.count), 2, program.minimizes ? 1 : -1, 0, program.objective,
      free.map { -$0 }, free, program.isAtLeast ? program.limit : open.map { -$0 }, program.isAtLeast ? open : program.limit,
      program.rowStart, program.column, program.entry)
    guard passed >= 0, run(model) >= 0 else { throw .gaveUp("HiGHS refused the program") }
    switch status(model) {
    case 7: break
    case 8: throw .infeasible
    case 9, 10: throw .unbounded
    case let code: throw .gaveUp("HiGHS ended with status \(code)")
    }
    var point = [Double](repeating: 0, count: columns)
    var reduced = point
    var activity = open
    var dual = open
    guard solution(model, &point, &reduced, &activity, &dual) >= 0 else { throw .gaveUp("HiGHS gave no point") }
    return point
  }
}
