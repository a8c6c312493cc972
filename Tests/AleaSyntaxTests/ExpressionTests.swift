import Foundation
import Testing

@testable import AleaSyntax

@Suite struct ExpressionTests {
  private static func expression(_ text: String) -> (AST.Expression, [Diagnostic], SourceFile) {
    let file = SourceFile(id: FileID(index: 0), name: "test.alea", text: text)
    let (expression, diagnostics) = Parser.parseExpression(file)
    return (expression, diagnostics, file)
  }

  /// The text with a pair of parentheses around every operation.
  private static func grouped(_ expression: AST.Expression) -> String {
    switch expression.kind {
    case .integer(let value): "\(value)"
    case .name(let name): name
    case .primed(let name): name + "'"
    case .unary(let operation, let operand):
      "(\(operation.rawValue)\(operation == .not ? " " : "")\(grouped(operand)))"
    case .binary(let operation, let left, let right, _): "(\(grouped(left)) \(operation.rawValue) \(grouped(right)))"
    case .range(let low, let high): "(\(grouped(low))..\(grouped(high)))"
    case .conditional(let condition, let first, let second):
      "(if \(grouped(condition)) then \(grouped(first)) else \(grouped(second)))"
    case .call(let function, let arguments):
      "\(grouped(function))(\(arguments.map { grouped($0.value) }.joined(separator: ", ")))"
    case .index(let base, let arguments): "\(grouped(base))[\(arguments.map { grouped($0.value) }.joined(separator: ", "))]"
    case .member(let base, let name): "\(grouped(base)).\(name.text)"
    case .parenthesized(let inner): grouped(inner)
    case .set(let elements): "{\(elements.map(grouped).joined(separator: ", "))}"
    default: "?"
    }
  }

  @Test(arguments: [
    ("a + b * c", "(a + (b * c))"),
    ("a - b - c", "((a - b) - c)"),
    ("a / b * c", "((a / b) * c)"),
    ("a div b mod c", "((a div b) mod c)"),
    ("a ^ b ^ c", "(a ^ (b ^ c))"),
    ("-a ^ b", "(-(a ^ b))"),
    ("a ^ -b ^ c", "(a ^ (-(b ^ c)))"),
    ("-a * b", "((-a) * b)"),
    ("a - -b", "(a - (-b))"),
    ("a or b and c", "(a or (b and c))"),
    ("not a and b", "((not a) and b)"),
    ("not a == b", "(not (a == b))"),
    ("not not a", "(not (not a))"),
    ("a + b < c * d", "((a + b) < (c * d))"),
    ("a in b..c + d", "(a in (b..(c + d)))"),
    ("a | b | c", "((a | b) | c)"),
    ("{a} | b + c", "({a} | (b + c))"),
    ("a < b and c >= d or e", "(((a < b) and (c >= d)) or e)"),
    ("if a then b else c + d", "(if a then b else (c + d))"),
    ("a + if b then c else d or e", "(a + (if b then c else (d or e)))"),
    ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
    ("f(a)[b].c ^ d", "(f(a)[b].c ^ d)"),
    ("-f(a)", "(-f(a))"),
    ("(a + b) * c'", "((a + b) * c')"),
  ])
  func precedence(_ text: String, _ expected: String) {
    let (expression, diagnostics, _) = Self.expression(text)
    #expect(diagnostics == [])
    #expect(Self.grouped(expression) == expected)
  }

  /// The direct parts of an expression.
  private static func children(_ expression: AST.Expression) -> [AST.Expression] {
    switch expression.kind {
    case .integer, .real, .boolean, .name, .primed, .error: []
    case .string(let parts):
      parts.compactMap { part in if case .interpolation(let inner) = part { inner } else { nil } }
    case .unary(_, let operand), .parenthesized(let operand), .distributionType(let operand), .member(let operand, _): [operand]
    case .binary(_, let left, let right, _), .range(let left, let right): [left, right]
    case .conditional(let condition, let first, let second): [condition, first, second]
    case .match(let scrutinee, let arms): [scrutinee] + arms.flatMap { $0.patterns + [$0.value] }
    case .call(let base, let arguments), .index(let base, let arguments): [base] + arguments.map(\.value)
    case .binder(_, let bindings, let filter, let body), .comprehension(let bindings, let filter, let body):
      bindings.map(\.set) + (filter.map { [$0] } ?? []) + [body]
    case .array(let elements), .set(let elements): elements
    case .distribution(let outcomes): outcomes.flatMap { [$0.value, $0.weight] }
    case .record(let fields): fields.map(\.value)
    }
  }

  /// In random expressions, the text of each part parses to a tree of the same shape that spans all of that text.
  @Test(arguments: UInt64(1)...20) func spansCoverTheText(_ seed: UInt64) throws {
    var generator = SentenceGenerator(grammar: try Grammar.alea(), seed: seed)
    for _ in 0..<20 {
      // In parentheses, so that line ends mean nothing.
      let (whole, diagnostics, file) = Self.expression("(\(generator.sentence(of: "expression")))")
      try #require(diagnostics == [])
      var stack = [whole]
      while let part = stack.popLast() {
        let parts = Self.children(part)
        for child in parts { #expect(part.span.start <= child.span.start && child.span.end <= part.span.end) }
        for (left, right) in zip(parts, parts.dropFirst()) { #expect(left.span.end <= right.span.start) }
        stack += parts
        let text = file.text(in: part.span)
        #expect(text == text.trimmingCharacters(in: .whitespacesAndNewlines))
        // Among operands, `not` binds otherwise than at the beginning of an expression.
        if text.utf8.count > 200 || text.contains("not") { continue }
        let (again, messages, _) = Self.expression("(\(text))")
        #expect(messages == [])
        if case .parenthesized(let inner) = again.kind { #expect(Self.outline(inner) == Self.outline(part)) }
      }
    }
  }

  private static func outline(_ expression: AST.Expression) -> String {
    let name = "\(expression.kind)".prefix { $0 != "(" }
    return "\(name)(\(children(expression).map(outline).joined(separator: ",")))"
  }
}
