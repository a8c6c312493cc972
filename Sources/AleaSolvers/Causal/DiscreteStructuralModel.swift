import AleaModel
import AleaSyntax

/// Discrete variables, each a function of others and of independent noise: what counterfactuals are asked of.
///
/// ```swift
/// let squad = try DiscreteStructuralModel(
///   noise: [.init("order", [0.7, 0.3]), .init("nerves", [0.8, 0.2])],
///   mechanisms: [
///     .init("captain", of: ["order"], cardinality: 2) { $0[0] },
///     .init("rifleman", of: ["captain", "nerves"], cardinality: 2) { max($0[0], $0[1]) },
///   ])
/// ```
public struct DiscreteStructuralModel: Sendable {
  /// An unobserved input with a finite law.
  public struct Noise: Hashable, Codable, Sendable {
    public var name: String
    public var probabilities: [Double]

    public init(_ name: String, _ probabilities: [Double]) {
      self.name = name
      self.probabilities = probabilities
    }
  }

  /// A variable that its inputs determine.
  public struct Mechanism: Sendable {
    public var name: String
    /// Variables stated earlier and noise.
    public var inputs: [String]
    /// The variable takes the values `0 ..< cardinality`.
    public var cardinality: Int
    public var function: @Sendable ([Int]) -> Int

    public init(_ name: String, of inputs: [String], cardinality: Int, function: @escaping @Sendable ([Int]) -> Int) {
      self.name = name
      self.inputs = inputs
      self.cardinality = cardinality
      self.function = function
    }
  }

  /// A variable having a value in the world that an intervention would make; without one, in the actual world.
  public struct Event: Hashable, Codable, Sendable {
    public var variable: String
    public var value: Int
    public var doing: [String: Int]

    public init(_ variable: String, is value: Int, doing: [String: Int] = [:]) {
      self.variable = variable
      self.value = value
      self.doing = doing
    }
  }

  public let noise: [Noise]
  public let mechanisms: [Mechanism]
  private let place: [String: Int]
  private let inputs: [[Int]]

  /// - Throws: for names that come twice, inputs that are unknown or not stated earlier, and probabilities that are no law.
  public init(noise: [Noise], mechanisms: [Mechanism]) throws(DiagnosticError) {
    var place: [String: Int] = [:]
    var faults: [Diagnostic] = []
    for name in noise.map(\.name) + mechanisms.map(\.name) where place.updateValue(place.count, forKey: name) != nil {
      faults.append(.error("`\(name)` is declared twice", at: nil))
    }
    for source in noise where !source.probabilities.allSatisfy({ $0 >= 0 }) || abs(source.probabilities.reduce(0, +) - 1) > 1e-9 {
      faults.append(.error("the probabilities of `\(source.name)` do not sum to 1", at: nil))
    }
    var inputs: [[Int]] = []
    for (position, mechanism) in mechanisms.enumerated() {
      inputs.append([])
      for name in mechanism.inputs {
        if let index = place[name], index < noise.count + position {
          inputs[position].append(index)
        } else {
          faults.append(.error("`\(mechanism.name)` depends on `\(name)`, which is not stated before it", at: nil))
        }
      }
    }
    guard faults.isEmpty else { throw DiagnosticError(faults) }
    self.noise = noise
    self.mechanisms = mechanisms
    self.place = place
    self.inputs = inputs
  }

  /// The probability of events in any worlds, given events in any worlds: abduction, action, prediction.
  ///
  /// ```swift
  /// // The prisoner is dead. Would he be alive, had the first rifleman not fired?
  /// try squad.probability(of: [.init("death", is: 0, doing: ["rifleman": 0])], given: [.init("death", is: 1)])
  /// ```
  /// The worlds share their noise. Its law is taken from the evidence by going through all its values.
  ///
  /// - Throws: for unknown names, values out of range, evidence that cannot happen, and noise of more than 2^24 values in all.
  /// - Complexity: O(values of the noise * worlds * mechanisms).
  /// - Source: Pearl, Causality (2009), theorem 7.1.7.
  public func probability(of events: [Event], given evidence: [Event] = []) throws(DiagnosticError) -> Double {
    for event in events + evidence {
      for (name, value) in [(event.variable, event.value)] + event.doing.map({ ($0.key, $0.value) }) {
        guard let mechanism = mechanisms.first(where: { $0.name == name }) else {
          let near = Spelling.nearest(name, in: mechanisms.map(\.name))
          throw DiagnosticError(
            .error("the model has no variable `\(name)`", at: nil, label: near.map { "did you mean `\($0)`?" } ?? ""))
        }
        guard (0..<mechanism.cardinality).contains(value) else {
          throw DiagnosticError(.error("`\(name)` takes the values 0 to \(mechanism.cardinality - 1), not \(value)", at: nil))
        }
      }
    }
    let cells = noise.reduce(1.0) { $0 * Double($1.probabilities.count) }
    if cells > 16_777_216 {
      throw DiagnosticError(.error("the noise takes \(cells) values in all, too many to go through", at: nil))
    }
    let worlds = Array(Set((events + evidence).map(\.doing)))
    var both = 0.0
    var condition = 0.0
    var digits = [Int](repeating: 0, count: noise.count)
    for _ in 0..<Int(cells) {
      let weight = zip(noise, digits).reduce(1.0) { $0 * $1.0.probabilities[$1.1] }
      if weight > 0 {
        let outcomes = Dictionary(worlds.map { ($0, values(noise: digits, doing: $0)) }, uniquingKeysWith: { first, _ in first })
        let holds = { (event: Event) in self.place[event.variable].flatMap { outcomes[event.doing]?[$0] } == event.value }
        if evidence.allSatisfy(holds) {
          condition += weight
          if events.allSatisfy(holds) { both += weight }
        }
      }
      var dimension = noise.count - 1
      while dimension >= 0 {
        digits[dimension] += 1
        if digits[dimension] < noise[dimension].probabilities.count { break }
        digits[dimension] = 0
        dimension -= 1
      }
    }
    guard condition > 0 else {
      throw DiagnosticError(.error("what is given cannot happen in this model, so nothing follows from it", at: nil))
    }
    return both / condition
  }

  private func values(noise digits: [Int], doing: [String: Int]) -> [Int] {
    var result = digits
    for (mechanism, inputs) in zip(mechanisms, inputs) {
      result.append(doing[mechanism.name] ?? mechanism.function(inputs.map { result[$0] }))
    }
    return result
  }
}
