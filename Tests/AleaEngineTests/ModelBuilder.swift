import AleaModel
import AleaSyntax

@testable import AleaEngine

/// Builds processes by hand, without a front end. Every expression gets a span of its own.
final class ModelBuilder {
  var process: Process
  private var place: Int32 = 0

  init(_ name: String = "Test", objective: Objective.Criterion = .discounted(0.9)) {
    process = Process(name: name, kind: .mdp, objective: Objective(criterion: objective))
  }

  func span() -> SourceSpan {
    place += 1
    return SourceSpan(file: FileID(index: 0), start: place, end: place + 1)
  }

  func add(_ name: String, _ role: Role, _ domain: Domain, _ mechanism: Mechanism) -> E {
    let id = VariableID(process.variables.count)
    process.variables.append(
      Variable(
        name: name, declaration: process.declarations.count, role: role, domain: domain, mechanism: mechanism, span: span()))
    process.declarations.append(Declaration(name: name, role: role, shape: .scalar(id)))
    return E(self, process.pool.intern(.variable(id), type: domain.type, span: span()), id)
  }

  func state(_ name: String, _ domain: Domain, _ initial: Double) -> E {
    add(name, .state, domain, .value(self[initial].id))
  }
  func state(_ name: String, _ domain: Domain, law: Distribution) -> E { add(name, .state, domain, .draw(law)) }
  func action(_ name: String, _ domain: Domain, when condition: E? = nil) -> E {
    let result = add(name, .action, domain, .chosen)
    if let condition { process.availability.append(condition.id) }
    return result
  }
  func draw(_ name: String, _ domain: Domain, _ law: Distribution, role: Role = .derived) -> E {
    let result = add(name, role, domain, .draw(law))
    process.stepOrder.append(.current(result.variable!))
    return result
  }
  func value(_ name: String, _ domain: Domain, _ expression: E, role: Role = .derived) -> E {
    let result = add(name, role, domain, .value(expression.id))
    process.stepOrder.append(.current(result.variable!))
    return result
  }
  func next(_ state: E, _ expression: E) { next(state, mechanism: .value(expression.id)) }
  func next(_ state: E, law: Distribution) { next(state, mechanism: .draw(law)) }
  private func next(_ state: E, mechanism: Mechanism) {
    process.variables[Int(state.variable!.index)].next = mechanism
    process.stepOrder.append(.next(state.variable!))
  }
  func primed(_ state: E) -> E { E(self, process.pool.intern(.next(state.variable!), type: state.type, span: span())) }
  func reward(_ name: String, _ amount: E) {
    process.channels.append(RewardChannel(name: name, isCost: false, amount: amount.id, span: span()))
  }
  func terminal(_ condition: E) { process.terminal = condition.id }
  var time: E { E(self, process.pool.intern(.time, type: .integer, span: span())) }
  subscript(_ constant: Double) -> E {
    E(self, process.pool.constant(constant, type: constant.rounded() == constant ? .integer : .real))
  }
  func law(_ outcomes: [(E, E)], normalized: Bool = true) -> Distribution {
    .finite(outcomes.map { Distribution.Outcome(value: $0.0.id, weight: $0.1.id) }, isNormalized: normalized)
  }
  func law(_ family: DistributionFamily, _ parameters: E...) -> Distribution { .primitive(family, parameters.map(\.id)) }
}

/// An expression under construction.
struct E {
  let builder: ModelBuilder
  let id: ExpressionID
  var variable: VariableID?
  init(_ builder: ModelBuilder, _ id: ExpressionID, _ variable: VariableID? = nil) {
    self.builder = builder
    self.id = id
    self.variable = variable
  }
  var type: ScalarType { builder.process.pool[id].type }

  func apply(_ function: UnaryFunction) -> E {
    E(builder, builder.process.pool.unary(function, id, type: function == .not ? .boolean : .real, span: builder.span()))
  }
  func apply(_ function: BinaryFunction, _ other: E) -> E {
    let type: ScalarType =
      switch function {
      case .equal, .notEqual, .less, .lessEqual, .and, .or: .boolean
      case .divide, .power: .real
      default: type == .real || other.type == .real ? .real : .integer
      }
    return E(builder, builder.process.pool.binary(function, id, other.id, type: type, span: builder.span()))
  }
  func then(_ a: E, else b: E) -> E {
    E(builder, builder.process.pool.select(id, a.id, b.id, type: a.type, span: builder.span()))
  }
  func pick(_ elements: [E]) -> E {
    E(builder, builder.process.pool.gather(id, elements.map(\.id), type: .real, span: builder.span()))
  }

  static func + (a: E, b: E) -> E { a.apply(.add, b) }
  static func - (a: E, b: E) -> E { a.apply(.subtract, b) }
  static func * (a: E, b: E) -> E { a.apply(.multiply, b) }
  static func / (a: E, b: E) -> E { a.apply(.divide, b) }
  static func + (a: E, b: Double) -> E { a + a.builder[b] }
  static func - (a: E, b: Double) -> E { a - a.builder[b] }
  static func * (a: E, b: Double) -> E { a * a.builder[b] }
  static func / (a: E, b: Double) -> E { a / a.builder[b] }
  static prefix func - (a: E) -> E { a.apply(.negate) }
  static func <= (a: E, b: E) -> E { a.apply(.lessEqual, b) }
  static func < (a: E, b: E) -> E { a.apply(.less, b) }
  static func <= (a: E, b: Double) -> E { a <= a.builder[b] }
  static func < (a: E, b: Double) -> E { a < a.builder[b] }
  static func > (a: E, b: Double) -> E { a.builder[b] < a }
  static func == (a: E, b: Double) -> E { a.apply(.equal, a.builder[b]) }
  static func && (a: E, b: E) -> E { a.apply(.and, b) }
  static func || (a: E, b: E) -> E { a.apply(.or, b) }
}

func minimum(_ a: E, _ b: E) -> E { a.apply(.min, b) }
func maximum(_ a: E, _ b: E) -> E { a.apply(.max, b) }
