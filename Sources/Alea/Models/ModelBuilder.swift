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

    /// The cases of an enumeration of Swift, by their raw values.
    public static func cases<Name: CaseIterable & RawRepresentable>(of type: Name.Type) -> Values where Name.RawValue == String {
      .names(type.allCases.map(\.rawValue))
    }
  }

  enum Origin: Sendable {
    case chosen
    case value(ModelExpression)
    case law(ModelLaw)
  }

  /// A variable as texts see it: one or several parts.
  struct Whole: Sendable {
    indirect enum Shape: Sendable {
      case part(Int)
      case array(index: Values, [Shape])
      case record([(name: String, shape: Shape)])
    }
    var name: String
    var role: Role
    var shape: Shape
  }

  struct Part: Sendable {
    /// The full name: `stock`, `up[m1]`, `place.x`.
    var name: String
    /// The position of the variable it belongs to, among the wholes.
    var whole: Int
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
  var wholes: [Whole] = []
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

  /// Adds a scalar part of the variable that is added next.
  mutating func addPart(
    _ name: String, _ role: Role, in values: Values?, _ origin: Origin,
    when condition: ((ModelExpression) -> ModelExpression)? = nil
  ) -> ModelExpression {
    let part = ModelExpression(.variable(parts.count))
    parts.append(Part(name: name, whole: wholes.count, role: role, values: values, origin: origin))
    parts[parts.count - 1].availability = condition?(part)
    return part
  }

  private mutating func add(
    _ name: String, _ role: Role, in values: Values?, _ origin: Origin,
    when condition: ((ModelExpression) -> ModelExpression)? = nil
  ) -> ModelExpression {
    let part = addPart(name, role, in: values, origin, when: condition)
    wholes.append(Whole(name: name, role: role, shape: .part(parts.count - 1)))
    return part
  }

  /// A state with its initial value.
  public mutating func state(_ name: String, in values: Values, starting value: ModelExpression) -> ModelExpression {
    add(name, .state, in: values, .value(value))
  }

  /// A state whose initial value is drawn.
  public mutating func state(_ name: String, in values: Values, from law: ModelLaw) -> ModelExpression {
    add(name, .state, in: values, .law(law))
  }

  /// An action, available where the condition holds.
  public mutating func action(
    _ name: String, in values: Values, when condition: ((ModelExpression) -> ModelExpression)? = nil
  ) -> ModelExpression {
    add(name, .action, in: values, .chosen, when: condition)
  }

  /// A variable that is drawn in each step.
  public mutating func draw(_ name: String, from law: ModelLaw) -> ModelExpression { add(name, .derived, in: nil, .law(law)) }

  /// A variable that is drawn in each step and recorded; one that does not depend on the action may be read by policies.
  public mutating func observe(_ name: String, from law: ModelLaw) -> ModelExpression { add(name, .observed, in: nil, .law(law)) }

  /// A variable that follows from others in each step.
  public mutating func value(_ name: String, _ expression: ModelExpression) -> ModelExpression {
    add(name, .derived, in: nil, .value(expression))
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
