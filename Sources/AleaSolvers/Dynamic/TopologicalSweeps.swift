import AleaModel

/// Value iteration component by component, last things first: each is swept in place until it moves no more, and never again.
///
/// Source: Dai, Mausam, Weld, Goldsmith, *Topological value iteration algorithms*, J. Artif. Intell. Res. 42 (2011).
final class ComponentOrder {
  private let components: StronglyConnectedComponents
  /// Changes up to this size end the sweeps over a component; tightened each time the bound asks for more.
  private var target: Double

  init(_ components: StronglyConnectedComponents, in iteration: DiscountedIteration) {
    self.components = components
    let discount = iteration.model.heaviest
    target = 0.5 * iteration.tolerance * (1 - discount) / max(discount, 0.5)
    iteration.notes.append("swept by \(components.count) strongly connected components, on one thread")
  }

  /// Whether no component has more than half the states.
  static func pays(_ components: StronglyConnectedComponents) -> Bool {
    let states = components.members.count
    return (0..<components.count).allSatisfy { 2 * components.range(of: $0).count <= states }
  }

  /// One pass over all components.
  func sweep(_ iteration: DiscountedIteration) throws {
    iteration.takeNext(shifted: false)
    var sweeps = 0
    for component in 0..<components.count {
      let states = components.states(of: component)
      // Plain sweeps shrink changes by the discount each, so this many end the component unless rounding keeps it moving.
      var left = 100 + Int(min(1e9, 40 / (1 - iteration.model.heaviest)))
      while left > 0 {
        let outcome = iteration.inPlaceSweep(order: states)
        left -= 1
        sweeps += 1
        if outcome.largestMove <= target { break }
        if sweeps % 1024 == 0 {
          let progress = WorkProgress(
            phase: "solving", detail: "component \(component) of \(components.count)",
            fraction: Double(component) / Double(components.count))
          guard iteration.control.report(progress) else {
            throw WorkCancelled(state: "\(component) components of \(components.count) solved")
          }
        }
      }
    }
    target /= 8
    iteration.valueWasWritten()
  }
}
