import AleaEngine
import AleaModel
import AleaSyntax

/// The scalar variables of a state or of an action, gathered as they were declared: scalars, arrays, records.
struct NamedParts: Sendable {
  /// A declaration, or a single variable when its declaration is only partly present.
  struct Part: Sendable {
    var name: String
    var shape: Declaration.Shape
  }

  let process: Process
  let parts: [Part]
  /// Where each scalar stands among the encoded values.
  let positions: [VariableID: Int]

  init(_ variables: [VariableID], of process: Process) {
    self.process = process
    let positions = Dictionary(zip(variables, variables.indices), uniquingKeysWith: { first, _ in first })
    self.positions = positions
    var parts: [Part] = []
    var taken = Set<VariableID>()
    for id in variables where !taken.contains(id) {
      let index = process[id].declaration
      if process.declarations.indices.contains(index) {
        let declaration = process.declarations[index]
        let members = declaration.shape.variables
        if members.contains(id), members.allSatisfy({ positions[$0] != nil }) {
          parts.append(Part(name: declaration.name, shape: declaration.shape))
          taken.formUnion(members)
          continue
        }
      }
      parts.append(Part(name: process[id].name, shape: .scalar(id)))
      taken.insert(id)
    }
    self.parts = parts
  }

  /// The language's value of a part, given the encoded scalars.
  func value(of shape: Declaration.Shape, in codes: [Double]) -> Value {
    switch shape {
    case .scalar(let id): process.value(of: codes[positions[id] ?? 0], in: process[id].domain)
    case .array(_, let elements): .array(elements.map { value(of: $0, in: codes) })
    case .record(let fields): .record(fields.map { Value.Field($0.name, value(of: $0.shape, in: codes)) })
    }
  }

  /// Every part with its value.
  func fields(of codes: [Double]) -> [Value.Field] { parts.map { Value.Field($0.name, value(of: $0.shape, in: codes)) } }

  /// Writes the scalars of a part's value to their places.
  func encode(_ value: Value, as shape: Declaration.Shape, named name: String, into codes: inout [Double]) throws {
    switch shape {
    case .scalar(let id):
      let domain = process[id].domain
      guard let code = process.code(of: value, in: domain) else {
        throw ValueError(
          "`\(name)` takes one of \(process.text(of: domain)), and this is \(value.kindDescription)", label: value.text(digits: 6)
        )
      }
      guard domain.contains(code) else {
        throw ValueError(
          "no state with \(name) = \(value.text(digits: 6)): \(name) is \(process.text(of: domain))",
          label: process.suggestion(for: value, in: domain))
      }
      if let position = positions[id] { codes[position] = code }
    case .array(let index, let elements):
      guard case .array(let values) = value else {
        throw ValueError(
          "`\(name)` is an array over \(process.text(of: index)), not \(value.kindDescription)", label: value.text(digits: 6))
      }
      guard values.count == elements.count else {
        throw ValueError("`\(name)` has \(elements.count) elements, not \(values.count)", label: value.text(digits: 6))
      }
      for (place, (element, shape)) in zip(values, elements).enumerated() {
        let key = index.isFinite ? process.text(of: index.value(at: place), in: index) : String(place)
        try encode(element, as: shape, named: "\(name)[\(key)]", into: &codes)
      }
    case .record(let members):
      guard case .record(let fields) = value else {
        let names = members.map(\.name).joined(separator: ", ")
        throw ValueError("`\(name)` is a record of \(names), not \(value.kindDescription)", label: value.text(digits: 6))
      }
      for field in fields where !members.contains(where: { $0.name == field.name }) {
        throw ValueError(
          "`\(name)` has no field `\(field.name)`", label: didYouMean(field.name, among: members.map(\.name)),
          notes: ["its fields are " + members.map { "`\($0.name)`" }.joined(separator: ", ")])
      }
      for member in members {
        guard let field = fields.first(where: { $0.name == member.name }) else {
          throw ValueError("the field `\(member.name)` of `\(name)` is missing", label: value.text(digits: 6))
        }
        try encode(field.value, as: member.shape, named: "\(name).\(member.name)", into: &codes)
      }
    }
  }

  /// The value of a part that has no other; nil where there is a choice.
  func onlyValue(of shape: Declaration.Shape) -> Value? {
    guard shape.variables.allSatisfy({ process[$0].domain.count == 1 }) else { return nil }
    var codes = [Double](repeating: 0, count: positions.count)
    for id in shape.variables { if let position = positions[id] { codes[position] = process[id].domain.value(at: 0) } }
    return value(of: shape, in: codes)
  }

  /// "stock: 0..20, up: true or false for each of {m1, m2}".
  func text(of shape: Declaration.Shape) -> String {
    switch shape {
    case .scalar(let id): process.text(of: process[id].domain)
    case .array(let index, let elements):
      (elements.first.map(text) ?? "nothing") + " for each of " + process.text(of: index)
    case .record(let fields): "(" + fields.map { "\($0.name): \(text(of: $0.shape))" }.joined(separator: ", ") + ")"
    }
  }
}

/// The names of the states of an explored process: from labels to a state, and back.
public struct StateNaming: Sendable {
  let explored: ExploredProcess
  let parts: NamedParts

  public init(_ explored: ExploredProcess) {
    self.explored = explored
    parts = NamedParts(explored.states.variables, of: explored.process)
  }

  /// The names of the state variables as declared, without the time.
  public var names: [String] { parts.parts.map(\.name) }

  /// A state's variables with their values, the time last where it is part of the state.
  public func fields(of state: Int) -> [Value.Field] {
    let time = explored.states.time(of: state).map { [Value.Field("t", .integer($0))] } ?? []
    return parts.fields(of: explored.states.values(of: state)) + time
  }

  /// "stock = 3, t = 2".
  public func text(of state: Int, separator: String = ", ") -> String {
    fields(of: state).map { "\($0.name) = \($0.value.text(digits: 6))" }.joined(separator: separator)
  }

  /// The state that labelled values name, and the stage (`t`) when one was given and time is not part of the state.
  ///
  /// - Throws: a ``ValueError`` that names the state variables and their domains, or says that the state is never reached.
  public func state(for arguments: [IndexArgument], stages: Int = 1) throws -> (state: Int, stage: Int) {
    let takesTime = explored.states.includesTime || stages > 1
    var given: [String: Value] = [:]
    var bare: [Value] = []
    for argument in arguments {
      guard let label = argument.label else {
        bare.append(argument.value)
        continue
      }
      guard names.contains(label) || (takesTime && label == "t") else {
        throw ValueError(
          "`\(label)` is not a state variable of \(explored.process.name)", label: didYouMean(label, among: names),
          notes: [summary])
      }
      guard given[label] == nil else { throw ValueError("`\(label)` is given twice", label: "again") }
      given[label] = argument.value
    }
    if !bare.isEmpty {
      var missing = names.filter { given[$0] == nil }
      let open = parts.parts.filter { given[$0.name] == nil && parts.onlyValue(of: $0.shape) == nil }
      if bare.count == 1, open.count == 1 { missing = [open[0].name] }
      guard bare.count == 1, missing.count == 1 else {
        throw ValueError(
          missing.isEmpty ? "there is no further state variable to index" : "say which state variable this is",
          label: missing.count > 1 ? "write `\(missing[0]): \(bare[0].text(digits: 6))`, say" : "", notes: [summary])
      }
      given[missing[0]] = bare[0]
    }
    var codes = [Double](repeating: 0, count: explored.states.variables.count)
    for part in parts.parts {
      // A variable with a single value need not be named.
      guard let value = given[part.name] ?? parts.onlyValue(of: part.shape) else {
        throw ValueError(
          "`\(part.name)` is missing: a state needs every variable", label: "which \(part.name)?", notes: [summary])
      }
      try parts.encode(value, as: part.shape, named: part.name, into: &codes)
    }
    let time = try self.time(given["t"], stages: stages)
    guard let state = explored.states.index(of: codes, time: explored.states.includesTime ? time : nil) else {
      let words = parts.parts.compactMap { part in given[part.name].map { "\(part.name) = \($0.text(digits: 6))" } }
      let place = (words + (explored.states.includesTime ? ["t = \(time)"] : [])).joined(separator: ", ")
      throw ValueError(
        "no state with \(place): it is never reached from the initial states", label: "not reached",
        notes: ["only states that can be reached are explored; \(summary)"])
    }
    return (state, explored.states.includesTime ? 0 : time)
  }

  private func time(_ value: Value?, stages: Int) throws -> Int {
    guard let value else { return 0 }
    guard case .integer(let time) = value else {
      throw ValueError("`t` is a number of steps, not \(value.kindDescription)", label: value.text(digits: 6))
    }
    if time < 0 || (!explored.states.includesTime && time >= stages) {
      throw ValueError("no step t = \(time): t is 0..\(stages - 1)", label: "outside the horizon")
    }
    return time
  }

  /// "the state variables are stock: 0..20".
  var summary: String {
    let list = parts.parts.map { "\($0.name): \(parts.text(of: $0.shape))" }
    return list.isEmpty
      ? "the model has no state variable"
      : "the state variable\(list.count == 1 ? " is" : "s are") " + list.joined(separator: ", ")
  }
}

func didYouMean(_ name: String, among candidates: [String]) -> String {
  Spelling.nearest(name, in: candidates).map { "did you mean `\($0)`?" } ?? "not known here"
}

extension Process {
  /// The number that stands for a value in a domain's kind (whether or not it belongs to it), or nil for a value of another kind.
  public func code(of value: Value, in domain: Domain) -> Double? {
    switch (value, domain) {
    case (.boolean(let flag), .boolean): flag ? 1 : 0
    case (.symbol(let symbol), .symbols(let codes)):
      (codes.first { symbols.indices.contains($0) && symbols[$0] == symbol }
        ?? codes.first { symbols.indices.contains($0) && symbols[$0].name == symbol.name }
        ?? symbols.firstIndex { $0.name == symbol.name }).map(Double.init) ?? -1
    case (.integer(let number), .range), (.integer(let number), .integers), (.integer(let number), .numbers),
      (.integer(let number), .reals):
      Double(number)
    case (.real(let number), .range), (.real(let number), .integers), (.real(let number), .numbers), (.real(let number), .reals):
      number
    default: nil
    }
  }

  /// A domain in words: `0..20`, `{left, right}`, "true or false"; long sets are cut.
  public func text(of domain: Domain) -> String {
    func list(_ values: [Double]) -> String {
      let shown = values.prefix(values.count > 9 ? 7 : 9).map { text(of: $0, in: domain) }
      return "{" + (shown + (values.count > shown.count ? ["... \(values.count) in all"] : [])).joined(separator: ", ") + "}"
    }
    switch domain {
    case .boolean: return "true or false"
    case .range(let low, let high): return "\(low)..\(high)"
    case .symbols(let codes): return list(codes.map(Double.init))
    case .numbers(let values): return list(values)
    case .integers: return "an integer"
    case .reals: return "a real number"
    }
  }

  /// "did you mean `left`?", or the nearest number of the domain.
  func suggestion(for value: Value, in domain: Domain) -> String {
    if case .symbol(let symbol) = value, case .symbols(let codes) = domain {
      return didYouMean(symbol.name, among: codes.filter(symbols.indices.contains).map { symbols[$0].name })
    }
    guard let code = code(of: value, in: domain), code.isFinite, let count = domain.count, count > 0, count < 1_000_000 else {
      return ""
    }
    if case .boolean = domain { return "" }
    let values = (0..<count).map(domain.value)
    let nearest = values.min { abs($0 - code) < abs($1 - code) } ?? values[0]
    return "the nearest is \(text(of: nearest, in: domain))"
  }
}
