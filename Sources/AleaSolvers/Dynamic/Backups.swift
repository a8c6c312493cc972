/// How a state's value is made of the values of its choices: the exchangeable part of a sweep.
///
/// The kernel goes through the choices of a state in order, computes each one's reward plus discounted expectation, and hands it to
/// `take`. Rules are specialised at compile time, so a sweep costs what a loop written for one rule costs.
protocol Backup: Sendable {
  /// What is known after some of a state's choices.
  associatedtype Running
  /// True when the rule names one choice, which the sweep then records.
  static var selects: Bool { get }
  /// True when other choices than the recorded one need not be computed.
  static var isFixed: Bool { get }
  var start: Running { get }
  func take(_ value: Double, choice: Int, _ running: inout Running)
  func value(_ running: Running) -> Double
  func choice(_ running: Running) -> Int32
}

/// The greatest value, with the first choice that has it.
struct MaximumBackup: Backup {
  typealias Running = (value: Double, choice: Int32)
  static var selects: Bool { true }
  static var isFixed: Bool { false }
  @inline(__always) var start: Running { (-.infinity, -1) }
  @inline(__always) func take(_ value: Double, choice: Int, _ running: inout Running) {
    if value > running.value { running = (value, Int32(truncatingIfNeeded: choice)) }
  }
  @inline(__always) func value(_ running: Running) -> Double { running.value }
  @inline(__always) func choice(_ running: Running) -> Int32 { running.choice }
}

/// The least value, with the first choice that has it.
struct MinimumBackup: Backup {
  typealias Running = (value: Double, choice: Int32)
  static var selects: Bool { true }
  static var isFixed: Bool { false }
  @inline(__always) var start: Running { (.infinity, -1) }
  @inline(__always) func take(_ value: Double, choice: Int, _ running: inout Running) {
    if value < running.value { running = (value, Int32(truncatingIfNeeded: choice)) }
  }
  @inline(__always) func value(_ running: Running) -> Double { running.value }
  @inline(__always) func choice(_ running: Running) -> Int32 { running.choice }
}

/// The value of the choice that the policy recorded before the sweep.
struct FixedBackup: Backup {
  static var selects: Bool { false }
  static var isFixed: Bool { true }
  @inline(__always) var start: Double { 0 }
  @inline(__always) func take(_ value: Double, choice: Int, _ running: inout Double) { running = value }
  @inline(__always) func value(_ running: Double) -> Double { running }
  @inline(__always) func choice(_ running: Double) -> Int32 { -1 }
}

/// The value of a choice's transitions: the exchangeable inner loop. Robust rules take the least favourable law instead of the stored one.
protocol Expectation: Sendable {
  func callAsFunction(_ view: ProcessView, _ range: Range<Int>, _ value: UnsafePointer<Double>) -> Double
}

/// The plain expected value under the stored probabilities.
struct MeanExpectation: Expectation {
  @inline(__always)
  func callAsFunction(_ view: ProcessView, _ range: Range<Int>, _ value: UnsafePointer<Double>) -> Double {
    let (successor, probability) = (view.successor, view.probability)
    var (sum, index) = (0.0, range.lowerBound)
    while index < range.upperBound {
      sum += probability[index] * value[Int(successor[index])]
      index &+= 1
    }
    return sum
  }
}
