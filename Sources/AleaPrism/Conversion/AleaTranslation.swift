import AleaSyntax

/// A PRISM model written in Alea: its variables, guards, updates, formulas, labels and rewards stay what they are.
///
/// **Form.** Every combination of commands that can be taken together is one value of the action `command`, named by its label (or its
/// module) and a number; guards are the `when` of the action. `outcome` is the number of the combination of updates that happens; each
/// state has one next value, by command and outcome. In a dtmc `command` is no action but follows from the state, or is drawn where
/// several guards may hold; of a ctmc the embedded chain can be written, in which commands are drawn in proportion to their rates. Open constants are parameters of the program, the others are bound by `let`. Properties become questions.
public struct AleaTranslation: Sendable {
  /// The program, in canonical layout.
  public let text: String
  /// What Alea cannot express, each where it stands.
  public let problems: [Diagnostic]
  public let notes: [String]

  /// What is to be written.
  public struct Source {
    var model: PrismModel
    /// The file, and the name of the model.
    var file: String
    var name: String
    var given: [String: PrismGiven]
    var properties: PrismProperties
    /// The text at a place in the file of properties.
    var propertyText: (SourceSpan) -> String
    /// Whether states without an enabled command are to be reckoned with.
    var mayDeadlock: Bool
    /// Names that mean something in Alea.
    var reserved: Set<String>
    /// Whether a ctmc may become its embedded chain.
    var isEmbedded: Bool

    /// - Parameters:
    ///   - file: the name of the model's file, for the head of the program.
    ///   - name: that of the model in the program.
    ///   - given: values of its constants.
    ///   - propertyText: what stands at a place of the properties.
    ///   - mayDeadlock: false where it is known that every state has an enabled command.
    ///   - reserved: names that the program must not define.
    public init(
      model: PrismModel, file: String, name: String, given: [String: PrismGiven] = [:],
      properties: PrismProperties = PrismProperties(), propertyText: @escaping (SourceSpan) -> String = { _ in "" },
      mayDeadlock: Bool = true, reserved: Set<String> = [], isEmbedded: Bool = false
    ) {
      self.isEmbedded = isEmbedded
      self.model = model
      self.file = file
      self.name = name
      self.given = given
      self.properties = properties
      self.propertyText = propertyText
      self.mayDeadlock = mayDeadlock
      self.reserved = reserved
    }
  }

  /// - Throws: `DiagnosticError` for a model that no mdp of Alea can be, such as a ctmc with its times, or one that is faulty.
  public init(_ source: Source) throws {
    var writer = try AleaModelWriter(source)
    let raw = writer.program()
    problems = writer.problems
    notes = writer.names.changed.map { "`\($0.from)` is called `\($0.to)`" }
    do throws(DiagnosticError) {
      text = try Formatter.format(SourceFile(id: FileID(index: 0), name: source.name + ".alea", text: raw))
    } catch {
      // A faulty model: its own fault comes first.
      guard problems.isEmpty else { throw DiagnosticError(problems) }
      throw error
    }
  }
}
