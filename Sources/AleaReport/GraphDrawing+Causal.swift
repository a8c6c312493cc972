import AleaModel

extension GraphDrawing {
  /// A causal graph: latent variables dashed, unmeasured common causes as dashed arrows with two heads.
  public init(of graph: CausalGraph) {
    var text = Self.head("rankdir=LR")
    for (index, node) in graph.nodes.enumerated() {
      let style = node.isLatent ? "shape=ellipse, style=\"filled,dashed\"" : "shape=box, style=\"filled,rounded\""
      text += "  v\(index) [label=\(Self.quoted(node.name)), \(style)];\n"
    }
    for index in graph.nodes.indices {
      for child in graph.children[index] { text += "  v\(index) -> v\(child);\n" }
    }
    for index in graph.nodes.indices {
      for other in graph.siblings[index] where other > index { text += "  v\(index) -> v\(other) [dir=both, style=dashed];\n" }
    }
    self.init(dot: text + "}\n")
  }
}
