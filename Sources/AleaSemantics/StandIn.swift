import AleaModel
import AleaSyntax

/// The smallest models a policy for every bandit or mdp can be tried on while a program is checked.
enum StandIn {
  private static let text = """
    bandit AnyBandit {
      context features: Real[3] ~ Normal(0, 1)
      action arm: 0..2
      reward ~ Bernoulli(0.5)
      horizon 10
    }
    mdp AnyProcess {
      state place: 0..2 = 0
      action move: 0..1
      place' = move
      reward move
      discount 0.9
    }
    """

  private static let file = FileID(index: Int32.max)

  /// The process of a policy's general target: `bandit` or `mdp`.
  static func process(of kind: String) -> Process? {
    let source = SourceFile(id: file, name: "", text: text)
    let program = Parser.parseProgram(source).program
    for item in program.items {
      if case .model(let model) = item.kind, model.kind.rawValue == kind {
        return try? ModelDefinition(syntax: model, documentation: "", environment: Environment()).instantiate()
      }
    }
    return nil
  }

  /// The messages without places in the stand-in, which nobody wrote.
  static func cleaned(_ error: DiagnosticError) -> DiagnosticError {
    DiagnosticError(
      error.diagnostics.map { diagnostic in
        var diagnostic = diagnostic
        diagnostic.secondary.removeAll { $0.span.file == file }
        if diagnostic.span?.file == file { diagnostic.span = nil }
        for (name, kind) in [("AnyBandit", "bandit"), ("AnyProcess", "mdp")] {
          diagnostic.message = diagnostic.message.replacing(
            "is not a variable of \(name)", with: "is not a name in every \(kind)"
          )
          .replacing(name, with: "every \(kind)")
        }
        return diagnostic
      })
  }
}
