import AleaModel
import AleaSyntax

/// Everything that can be said about a program without running its questions.
///
/// Names, labels, types, and every model elaborated with its defaults (and with the arguments given where it is used).
/// ```swift
/// let diagnostics = Checker.check(program, in: Environment(parent: library), loader: loader)
/// ```
public enum Checker {
  /// Checks a program; each fault is reported once, in the order of the text.
  ///
  /// - Parameters:
  ///   - environment: receives the program's declarations; questions come out as ``Binding/Kind/unchecked(_:)``.
  ///   - parameters: values of `param`s set from outside, as text.
  public static func check(
    _ program: AST.Program, in environment: Environment, loader: any ModuleLoader, parameters: [String: String] = [:]
  ) -> [Diagnostic] {
    let runner = ProgramRunner(environment: environment, loader: loader, parameters: parameters, isChecking: true)
    var found = runner.declare(program)
    for item in program.items {
      do {
        _ = try runner.run(item)
      } catch let error as DiagnosticError {
        found += error.diagnostics
      } catch {
        found.append(.error("\(error)", at: item.span))
      }
    }
    for item in program.items { found += runner.check(item) }
    for name in parameters.keys.sorted() where !runner.usedParameters.contains(name) {
      let nearest = Spelling.nearest(name, in: runner.usedParameters.sorted())
      let known = runner.usedParameters.sorted().map { "`\($0)`" }.joined(separator: ", ")
      found.append(
        .error(
          "-D \(name): the program has no `param \(name)`", at: nil,
          notes: nearest.map { ["did you mean `\($0)`?"] } ?? (known.isEmpty ? [] : ["its parameters are \(known)"])))
    }
    return inOrder(found + runner.warnings)
  }

  /// Without repetitions, in the order of the text; what has no place comes first.
  ///
  /// A warning at a place that has an error is left out: the error is what counts.
  public static func inOrder(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    var seen = Set<Diagnostic>()
    let errors = Set(diagnostics.filter { $0.severity == .error }.compactMap(\.span))
    let once = diagnostics.filter { diagnostic in
      if diagnostic.severity != .error, let span = diagnostic.span, errors.contains(span) { return false }
      return seen.insert(diagnostic).inserted
    }
    func key(_ diagnostic: Diagnostic) -> (Int32, Int32) {
      diagnostic.span.map { ($0.file.index, $0.start) } ?? (-1, -1)
    }
    return once.enumerated().sorted { a, b in
      let (x, y) = (key(a.element), key(b.element))
      return x == y ? a.offset < b.offset : x < y
    }.map(\.element)
  }
}
