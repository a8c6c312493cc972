#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How much stack has been used since it was made, against what a thread gets.
///
/// Expressions are evaluated by recursion, and programs choose how deep it goes: what would overflow the stack must end in a
/// message. How much a level takes differs by build, so use is measured instead of levels counted.
struct StackReserve {
  private let start: UInt
  private let budget: UInt

  /// Starts measuring, on the calling thread.
  init() {
    start = Self.here()
    var limit = rlimit()
    // Threads get the soft limit for their stack; where there is none, the usual size of one.
    let usual: UInt = 2 << 20
    #if canImport(Glibc)
      let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0
    #else
      let isKnown = getrlimit(RLIMIT_STACK, &limit) == 0
    #endif
    let size = isKnown && limit.rlim_cur < 1 << 40 ? UInt(limit.rlim_cur) : usual
    // Some of it was in use before.
    budget = size / 10 * 9
  }

  /// Whether more than this share of the stack has been used.
  func isUsed(beyond share: Double) -> Bool {
    let now = Self.here()
    return now < start && start - now > UInt(Double(budget) * share)
  }

  @inline(never) private static func here() -> UInt {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
  }
}
