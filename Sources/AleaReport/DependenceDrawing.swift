import AleaModel

/// The dependence graph of a step as dot text.
struct DependenceDrawing {
  private let process: Process
  private let largestFamily: Int
  private let graph: DependenceGraph

  init(_ process: Process, largestFamily: Int) {
    self.process = process
    self.largestFamily = largestFamily
    graph = DependenceGraph(of: process)
  }

  /// The node that stands for a variable: itself, or its whole declaration when that is large.
  private func group(_ id: VariableID) -> (key: String, label: String) {
    let variable = process[id]
    if process.declarations.indices.contains(variable.declaration) {
      let declaration = process.declarations[variable.declaration]
      let count = declaration.shape.variables.count
      if count > largestFamily {
        return ("d\(variable.declaration)", "\(declaration.name)\n\(NumberText.grouped(count)) variables")
      }
    }
    return ("v\(id.index)", variable.name)
  }

  private func node(_ slot: Slot) -> String {
    switch slot {
    case .current(let id): group(id).key
    case .next(let id): group(id).key + "n"
    }
  }

  var text: String {
    var now: [String] = []
    var within: [String] = []
    var next: [String] = []
    var seen = Set<String>()
    for (index, variable) in process.variables.enumerated() {
      let (key, label) = group(VariableID(index))
      guard seen.insert(key).inserted else { continue }
      let line = "\(key) [label=\(GraphDrawing.quoted(label)), \(Self.style(variable.role))];"
      if variable.role == .state { now.append(line) } else { within.append(line) }
      if variable.next != nil {
        let primed = label.split(separator: "\n", maxSplits: 1).map(String.init)
        let name = ([(primed.first ?? "") + "'"] + primed.dropFirst()).joined(separator: "\n")
        next.append("\(key)n [label=\(GraphDrawing.quoted(name)), \(Self.style(.state))];")
      }
    }
    for (index, channel) in process.channels.enumerated() {
      within.append(
        "r\(index) [label=\(GraphDrawing.quoted(channel.name.isEmpty ? "reward" : channel.name)), shape=diamond, fillcolor=\"#fbe3c6\"];"
      )
    }
    var edges = Set<String>()
    var lines: [String] = []
    func edge(_ from: String, _ to: String, _ style: String = "") {
      let line = "  \(from) -> \(to)\(style);"
      if edges.insert(line).inserted { lines.append(line) }
    }
    let ordered = graph.parents.sorted { Self.order($0.key) < Self.order($1.key) }
    for (slot, parents) in ordered {
      for parent in parents.sorted(by: { Self.order($0) < Self.order($1) }) where node(parent) != node(slot) {
        edge(node(parent), node(slot))
      }
    }
    for (index, channel) in process.channels.enumerated() {
      let parents = DependenceGraph.slots(mentionedBy: [channel.amount], in: process.pool)
      for parent in parents.sorted(by: { Self.order($0) < Self.order($1) }) { edge(node(parent), "r\(index)") }
    }
    // What limits the choice of an action is drawn dotted.
    for condition in process.availability {
      let mentioned = DependenceGraph.slots(mentionedBy: [condition], in: process.pool).sorted { Self.order($0) < Self.order($1) }
      let isAction = { (slot: Slot) in if case .current(let id) = slot { process[id].role == .action } else { false } }
      for action in mentioned where isAction(action) {
        for other in mentioned where !isAction(other) { edge(node(other), node(action), " [style=dotted, arrowhead=odot]") }
      }
    }
    var result = GraphDrawing.head("rankdir=LR, newrank=true")
    result += Self.cluster("now", "this step", now, rank: "source") + within.map { "  \($0)\n" }.joined()
    result += Self.cluster("next", "next step", next, rank: "sink")
    return result + lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n") + "}\n"
  }

  private static func order(_ slot: Slot) -> Int {
    switch slot {
    case .current(let id): Int(id.index)
    case .next(let id): Int(id.index) + 1 << 32
    }
  }

  private static func cluster(_ name: String, _ label: String, _ nodes: [String], rank: String) -> String {
    if nodes.isEmpty { return "" }
    return """
        subgraph cluster_\(name) {
          label="\(label)"; fontsize=11; color="#bbbbbb"; fontcolor="#777777"; style=rounded;
          \(nodes.joined(separator: "\n    "))
        }

      """
  }

  private static func style(_ role: Role) -> String {
    switch role {
    case .state: "shape=ellipse, fillcolor=\"#dbe9f6\""
    case .action: "shape=box, fillcolor=\"#d5eee2\", penwidth=1.6"
    case .context: "shape=ellipse, fillcolor=\"#eeeeee\""
    case .latent: "shape=ellipse, style=\"filled,dashed\""
    case .observed: "shape=box, style=\"filled,rounded\", fillcolor=\"#eeeeee\""
    case .derived: "shape=box, style=\"filled,rounded\""
    }
  }
}
