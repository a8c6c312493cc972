/// Makes a decision process from expressions written in Swift: the same representation that a text is compiled to.
///
///     var model = ModelBuilder("Inventory")
///     let stock = model.state("stock", in: .range(0...20), starting: 0)
///     let order = model.action("order", in: .range(0...20)) { stock + $0 <= 20 }
///     let demand = model.draw("demand", from: .poisson(6))
///     let sold = model.value("sold", min(stock + order, demand))
///     model.next(stock, stock + order - sold)
///     model.reward("sales", 8 * sold)
///     model.objective = .discounted(0.95)
///     try session.define(model.process())
///
/// What is wrong is said by ``process()``, all of it at once.
public struct ModelBuilder: Sendable {
  /// The values that a variable may take.
  public enum Values: Sendable {
    case range(ClosedRange<Int>)
    case names([String])
    case numbers([Double])
    case boolean
    /// Not for actions, nor for what is explored.
    case integers, reals
  }

  enum Origin: Sendable {
    case chosen
    case value(ModelExpression)
    case law(ModelLaw)
  }

  struct Part: Sendable {
    var name: String
    var role: Role
    var values: Values?
    var origin: Origin
    var next: Origin?
    var availability: ModelExpression?
  }

  struct Channel: Sendable {
    var name: String
    var isCost: Bool
    var amount: ModelExpression
  }

  public let name: String
  /// An mdp, or a bandit, which needs no state.
  public let kind: Process.Kind
  public var documentation = ""
  /// What is aggregated, over what horizon; without one the model cannot be solved.
  public var objective: Objective.Criterion?
  /// False for the least expected total.
  public var maximizes = true
  var parts: [Part] = []
  var channels: [Channel] = []
  var endings: [ModelExpression] = []
  /// What was wrong with the calls so far.
  var faults: [String] = []

  /// An empty model.
  ///
  /// - Parameter name: what texts of the session call it.
  public init(_ name: String, kind: Process.Kind = .mdp) {
    self.name = name
    self.kind = kind
  }

  // MARK: Variables

  private mutating func add(_ part: Part) -> ModelExpression {
    parts.append(part)
    return ModelExpression(.variable(parts.count - 1))
  }

  /// A state with its initial value.
  public mutating func state(_ name: String, in values: Values, starting value: ModelExpression) -> ModelExpression {
    add(Part(name: name, role: .state, values: values, origin: .value(value)))
  }

  /// A state whose initial value is drawn.
  public mutating func state(_ name: String, in values: Values, from law: ModelLaw) -> ModelExpression {
    add(Part(name: name, role: .state, values: values, origin: .law(law)))
  }

  /// An action, available where the condition holds.
  public mutating func action(
    _ name: String, in values: Values, when condition: ((ModelExpression) -> ModelExpression)? = nil
  ) -> ModelExpression {
    let action = add(Part(name: name, role: .action, values: values, origin: .chosen))
    parts[parts.count - 1].availability = condition?(action)
    return action
  }

  /// A variable that is drawn in each step.
  public mutating func draw(_ name: String, from law: ModelLaw) -> ModelExpression {
    add(Part(name: name, role: .derived, values: nil, origin: .law(law)))
  }

  /// A variable that is drawn in each step and recorded; one that does not depend on the action may be read by policies.
  public mutating func observe(_ name: String, from law: ModelLaw) -> ModelExpression {
    add(Part(name: name, role: .observed, values: nil, origin: .law(law)))
  }

  /// A variable that follows from others in each step.
  public mutating func value(_ name: String, _ expression: ModelExpression) -> ModelExpression {
    add(Part(name: name, role: .derived, values: nil, origin: .value(expression)))
  }

  // MARK: What happens

  /// The next value of a state.
  public mutating func next(_ state: ModelExpression, _ expression: ModelExpression) { setNext(state, .value(expression)) }

  /// The next value of a state, drawn.
  public mutating func next(_ state: ModelExpression, from law: ModelLaw) { setNext(state, .law(law)) }

  private mutating func setNext(_ state: ModelExpression, _ origin: Origin) {
    guard case .variable(let index) = state.node, parts.indices.contains(index), parts[index].role == .state else {
      faults.append("a next value is given to something that is no state")
      return
    }
    if parts[index].next != nil { faults.append("the state `\(parts[index].name)` has two next values") }
    parts[index].next = origin
  }

  /// A part of what a step earns.
  public mutating func reward(_ name: String, _ amount: ModelExpression) {
    channels.append(Channel(name: name, isCost: false, amount: amount))
  }

  /// A part of what a step costs.
  public mutating func cost(_ name: String, _ amount: ModelExpression) {
    channels.append(Channel(name: name, isCost: true, amount: amount))
  }

  /// Ends an episode on arrival in the states where the condition holds.
  public mutating func terminal(when condition: ModelExpression) { endings.append(condition) }
}
