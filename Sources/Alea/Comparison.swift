/// Checks of expectations: what counts as agreement, and what is said when there is none.
enum Comparison {
  static func check(_ call: NativeCall) throws -> Session.Expectation {
    guard let actual = call["actual"] else { throw call.fault("a condition is missing") }
    let tolerance = try Natives.number(call, "within") ?? 0
    guard tolerance >= 0 else { throw call.fault("`within` is not negative", at: "within") }
    guard let expected = call["expected"] else {
      if call["within"] != nil { throw call.fault("`within` compares two values, and there is one", at: "within") }
      if case .object(let object) = actual.value, let claim = object as? any ClaimAnswer {
        return Session.Expectation(
          passed: claim.holds, diagnostic: .error("the expectation does not hold", at: call.span, label: claim.description))
      }
      guard case .boolean(let holds) = actual.value else {
        throw call.fault(
          "a condition is needed here, and this is \(actual.value.kindDescription)", at: "actual",
          notes: ["`expect(a, b, within: 1e-6)` compares two values"])
      }
      return Session.Expectation(
        passed: holds, diagnostic: .error("the expectation does not hold", at: call.span, label: "false"))
    }
    let difference = try self.difference(actual.value, expected.value, tolerance, call)
    return Session.Expectation(
      passed: difference == nil, diagnostic: .error("the expectation does not hold", at: call.span, label: difference ?? ""))
  }

  /// Why two values disagree, or nil when they agree.
  private static func difference(_ a: Value, _ b: Value, _ tolerance: Double, _ call: NativeCall) throws -> String? {
    func say(_ extra: String = "") -> String { "got \(a.text(digits: 15)), expected \(b.text(digits: 15))\(extra)" }
    if let x = number(a), let y = number(b) {
      if x == y { return nil }
      let distance = abs(x - y)
      if distance <= tolerance { return nil }
      return say(distance.isFinite ? ", off by \(NumberText.significant(distance, digits: 3))" : "")
    }
    switch (a, b) {
    case (.boolean(let x), .boolean(let y)): return x == y ? nil : say()
    case (.object(let x), .boolean(let y)) where x is any ClaimAnswer:
      return (x as? any ClaimAnswer)?.holds == y ? nil : say()
    case (.string(let x), .string(let y)): return x == y ? nil : say()
    case (.symbol(let x), .symbol(let y)):
      return x.name == y.name && (x.enumeration == y.enumeration || x.enumeration == nil || y.enumeration == nil) ? nil : say()
    case (.array(let x), .array(let y)):
      guard x.count == y.count else { return say(": \(x.count) and \(y.count) elements") }
      for (index, (left, right)) in zip(x, y).enumerated() {
        if let part = try difference(left, right, tolerance, call) { return "element \(index): \(part)" }
      }
      return nil
    case (.record(let x), .record(let y)):
      for field in y {
        guard let other = x.first(where: { $0.name == field.name }) else { return say() }
        if let part = try difference(other.value, field.value, tolerance, call) { return "\(field.name): \(part)" }
      }
      return x.count == y.count ? nil : say()
    default:
      throw call.fault("\(a.kindDescription) and \(b.kindDescription) cannot be compared")
    }
  }

  private static func number(_ value: Value) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .real(let number): number
    // A probability by state, compared as a whole, is that of the start.
    case .object(let object): (object as? Reachability)?.probability.atStart
    default: nil
    }
  }
}
