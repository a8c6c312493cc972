import AleaEngine
import AleaModel
import AleaSyntax

/// A graph in Graphviz's language, with the way to SVG and PNG.
///
///     let drawing = GraphDrawing(dependencesOf: process)
///     try drawing.save(to: "model.svg")
public struct GraphDrawing: Sendable {
  /// The graph as dot text.
  public let dot: String

  init(dot: String) { self.dot = dot }

  /// The dependences of a step: what is known now, what happens within the step, what comes next.
  ///
  /// States are ellipses, actions boxes, draws and derived values rounded boxes (latent ones dashed), rewards diamonds. Arrays and
  /// families of more than `largestFamily` variables are drawn as one node.
  public init(dependencesOf process: Process, largestFamily: Int = 6) {
    dot = DependenceDrawing(process, largestFamily: largestFamily).text
  }

  /// The states of an explored process, their choices (small dots, with the action) and the probabilities of what follows.
  ///
  /// - Throws: a `Diagnostic` where there are more than `limit` states.
  public init(statesOf explored: ExploredProcess, limit: Int = 100) throws {
    let sparse = explored.sparse
    guard sparse.stateCount <= limit else {
      throw Diagnostic.error(
        "\(explored.process.name) has \(NumberText.grouped(sparse.stateCount)) states, too many to draw", at: nil,
        notes: ["at most \(limit) are drawn; the dependence graph of the model can be drawn whatever its size"])
    }
    let actions = PolicyLabels(explored)
    var text = Self.head("rankdir=LR")
    let initial = Set(sparse.initial.map(\.state))
    let naming = StateNamesForGraph(explored)
    for state in 0..<sparse.stateCount {
      let style =
        sparse.isTerminal(state)
        ? "shape=doublecircle, margin=0.02" : "shape=ellipse" + (initial.contains(Int32(state)) ? ", penwidth=2.2" : "")
      text += "  s\(state) [label=\(Self.quoted(naming.text(of: state))), \(style), fillcolor=\"#dbe9f6\"];\n"
    }
    for state in 0..<sparse.stateCount {
      for choice in sparse.choices(of: state) {
        let label = Self.quoted(actions.text(of: choice))
        let transitions = sparse.transitions(of: choice)
        if transitions.count == 1, let only = transitions.first {
          text += "  s\(state) -> s\(sparse.successor[only]) [label=\(label)];\n"
          continue
        }
        text += "  c\(choice) [shape=point, width=0.07];\n  s\(state) -> c\(choice) [label=\(label), arrowhead=none];\n"
        for transition in transitions {
          let probability = NumberText.significant(sparse.probability[transition], digits: 3)
          text +=
            "  c\(choice) -> s\(sparse.successor[transition]) [label=\"\(probability)\", color=\"#777777\", fontcolor=\"#555555\"];\n"
        }
      }
    }
    dot = text + "}\n"
  }

  static func head(_ options: String) -> String {
    """
    digraph model {
      graph [\(options), fontname="Helvetica", nodesep=0.3, ranksep=0.5, bgcolor="white"];
      node [fontname="Helvetica", fontsize=12, style=filled, fillcolor="white", color="#444444"];
      edge [fontname="Helvetica", fontsize=10, color="#666666", arrowsize=0.7];

    """
  }

  /// A quoted identifier of the dot language.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: if scalar.value >= 32 { result.unicodeScalars.append(scalar) }
      }
    }
    return result + "\""
  }

  /// The picture Graphviz draws, in one of its formats (`svg`, `png`).
  public func rendered(as format: String) throws -> [UInt8] {
    let arguments = ["-T\(format)"] + (format == "png" ? ["-Gdpi=144"] : [])
    return try ChildProcess.run("dot", arguments, input: Array(dot.utf8), package: "graphviz").output
  }

  /// Writes `.svg`, `.png` or the `.dot` text itself.
  public func save(to path: String) throws {
    switch SavedFile.fileExtension(path) {
    case "dot", "gv": try SavedFile.write(Array(dot.utf8), to: path)
    case "svg": try SavedFile.write(try rendered(as: "svg"), to: path)
    case "png": try SavedFile.write(try rendered(as: "png"), to: path)
    default:
      throw Diagnostic.error("`\(path)` has no ending that says how to draw", at: nil, notes: ["graphs are .svg, .png or .dot"])
    }
  }
}

/// The labels of joint actions.
private struct PolicyLabels {
  let explored: ExploredProcess
  init(_ explored: ExploredProcess) { self.explored = explored }

  func text(of choice: Int) -> String {
    let space = explored.actions
    let values = space.values(of: Int(explored.choiceAction[choice]))
    let texts = zip(values, space.domains).map { explored.process.text(of: $0, in: $1) }
    if texts.count == 1 {
      return Double(texts[0]) == nil && space.domains[0] != .boolean
        ? texts[0] : "\(explored.process[space.variables[0]].name) = \(texts[0])"
    }
    return zip(space.variables, texts).map { "\(explored.process[$0].name) = \($1)" }.joined(separator: "\n")
  }
}

/// The labels of states: a line a variable.
private struct StateNamesForGraph {
  let explored: ExploredProcess
  init(_ explored: ExploredProcess) { self.explored = explored }

  func text(of state: Int) -> String {
    let space = explored.states
    let values = space.values(of: state)
    let lines = zip(space.variables, zip(values, space.domains)).map { id, pair in
      "\(explored.process[id].name) = \(explored.process.text(of: pair.0, in: pair.1))"
    }
    return (lines + (space.time(of: state).map { ["t = \($0)"] } ?? [])).joined(separator: "\n")
  }
}
