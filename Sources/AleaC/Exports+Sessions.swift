// The functions of alea.h about sessions; what they do and promise stands there.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Alea
import CAlea

private let versionText = CText(Alea.version)
private let emptyText = CText("")
private let closedErrors = CText(#"[{"severity":"error","message":"this is no open session"}]"#)
private let closedErrorText = CText("error: this is no open session")
private let emptyList = CText("[]")

@c @implementation public func alea_version() -> UnsafePointer<CChar>? { versionText.pointer }

@c @implementation public func alea_open() -> OpaquePointer? { Library.sessions.add(SessionBox()) }

@c @implementation public func alea_close(_ session: OpaquePointer?) { Library.sessions.remove(session)?.close() }

@c @implementation public func alea_set_parameter(
  _ session: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> alea_status {
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  return box.call { session in
    let (name, value) = (try text(name, "the name"), try text(value, "the value"))
    session.configuration.parameters.removeAll { $0.name == name }
    session.configuration.parameters.append((name, value))
  }
}

@c @implementation public func alea_set_option(
  _ session: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> alea_status {
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  return box.call { session in
    let (name, value) = (try text(name, "the name"), try text(value, "the value"))
    guard let number = UInt64(value) else { throw Misuse("`\(name)` takes a whole number from 0, not `\(value)`") }
    func bounded(_ range: ClosedRange<UInt64>) throws -> Int {
      guard range.contains(number) else {
        throw Misuse("`\(name)` lies between \(range.lowerBound) and \(range.upperBound)")
      }
      return Int(number)
    }
    switch name {
    case "seed": session.configuration.seed = number
    case "threads": session.configuration.threads = try bounded(0...4096)
    case "digits": session.configuration.digits = try bounded(1...17)
    case "width": session.configuration.width = try bounded(20...100_000)
    case "memory": session.configuration.memoryLimit = try bounded(1...UInt64(Int.max))
    default: throw Misuse("there is no option `\(name)`", notes: ["the options are seed, threads, digits, width, memory"])
    }
  }
}

@c @implementation public func alea_run(
  _ session: OpaquePointer?, _ program: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ last: UnsafeMutablePointer<OpaquePointer?>?
) -> alea_status {
  last?.pointee = nil
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  return enter(box, last) { session, reply in
    let program = try text(program, "the program")
    try session.enter(program, name: name == nil ? "<program>" : try text(name, "the name"), reply: reply)
  }
}

@c @implementation public func alea_run_file(
  _ session: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ last: UnsafeMutablePointer<OpaquePointer?>?
) -> alea_status {
  last?.pointee = nil
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  return enter(box, last) { session, reply in try session.enter(file: try text(path, "the path"), reply: reply) }
}

/// Feeds a program, and hands out the value of its last question.
private func enter(
  _ box: SessionBox, _ last: UnsafeMutablePointer<OpaquePointer?>?, _ body: (Session, (SessionReply) -> Void) throws -> Void
) -> alea_status {
  var found: Value?
  var shape = (digits: 6, width: 100)
  let status = box.call { session in
    shape = (session.configuration.digits, session.configuration.width)
    try body(session) { reply in found = reply.value ?? found }
  }
  if status == ALEA_OK, let found, let last {
    last.pointee = Library.values.add(ValueBox(found, digits: shape.digits, width: shape.width))
  }
  return status
}

@c @implementation public func alea_evaluate(
  _ session: OpaquePointer?, _ expression: UnsafePointer<CChar>?, _ value: UnsafeMutablePointer<OpaquePointer?>?
) -> alea_status {
  value?.pointee = nil
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  return box.call { session in
    guard let value else { throw Misuse("there is no place for the value") }
    let found = try session.evaluate(try text(expression, "the expression"))
    value.pointee = Library.values.add(
      ValueBox(found, digits: session.configuration.digits, width: session.configuration.width))
  }
}

@c @implementation public func alea_evaluate_json(
  _ session: OpaquePointer?, _ expression: UnsafePointer<CChar>?
)
  -> UnsafePointer<CChar>?
{
  guard let box = Library.sessions[session] else { return nil }
  var json: String?
  let status = box.call { session in json = try session.evaluate(try text(expression, "the expression")).json.text }
  guard status == ALEA_OK, let json else { return nil }
  return box.keep(json, as: "json")
}

@c @implementation public func alea_cancel(_ session: OpaquePointer?) { Library.sessions[session]?.cancel() }

@c @implementation public func alea_set_progress(
  _ session: OpaquePointer?, _ progress: alea_progress?, _ context: UnsafeMutableRawPointer?
) -> alea_status {
  guard let box = Library.sessions[session] else { return ALEA_MISUSE }
  box.listen(progress, context: context)
  return ALEA_OK
}

@c @implementation public func alea_errors(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let box = Library.sessions[session] else { return closedErrors.pointer }
  return box.text("errors") { report, renderer, _ in list(report.diagnostics, renderer) }
}

@c @implementation public func alea_error_text(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let box = Library.sessions[session] else { return closedErrorText.pointer }
  return box.text("error text") { report, renderer, _ in
    report.diagnostics.map { renderer.render($0) }.joined(separator: "\n")
  }
}

@c @implementation public func alea_warnings(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let box = Library.sessions[session] else { return emptyList.pointer }
  return box.text("warnings") { report, renderer, _ in list(report.warnings, renderer) }
}

@c @implementation public func alea_output(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let box = Library.sessions[session] else { return emptyText.pointer }
  return box.text("output") { _, _, printed in printed.map { $0 + "\n" }.joined() }
}

@c @implementation public func alea_expectations(_ session: OpaquePointer?) -> UnsafePointer<CChar>? {
  guard let box = Library.sessions[session] else { return emptyList.pointer }
  return box.text("expectations") { report, renderer, _ in
    "{\"passed\": \(report.passed), \"failed\": \(list(report.failed, renderer))}"
  }
}

private func list(_ diagnostics: [Diagnostic], _ renderer: DiagnosticRenderer) -> String {
  "[" + diagnostics.map { renderer.json($0) }.joined(separator: ",") + "]"
}

/// A text that a C program gave.
func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws -> String {
  guard pointer != nil else { throw Misuse("\(what) is missing: it is NULL") }
  guard let text = CText.read(pointer) else { throw Misuse("\(what) is not UTF-8, or longer than 1 GiB") }
  return text
}
