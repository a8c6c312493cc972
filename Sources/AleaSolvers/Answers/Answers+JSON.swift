import AleaEngine
import AleaModel

/// An answer with a JSON form.
///
/// The layout of a ``Solution`` (an ``Evaluation`` and a ``Reachability`` have the same parts where they have them):
///
///     {
///       "kind": "solution", "model": "Inventory", "parameters": {"capacity": "20"},
///       "objective": {"criterion": "discounted", "discount": 0.95, "maximizes": true},
///       "method": "...", "iterations": 12, "bound": 3.1e-08, "start": 441.9,
///       "size": {"states": 21, "choices": 231, "transitions": 2541, "terminal": 0, "deadlocks": 0, "bytes": 0},
///       "time": {"exploring": 0.001, "solving": 0.002}, "path": [], "notes": [],
///       "states": [{"state": {"stock": 0}, "value": 441.9, "lower": ..., "upper": ..., "gain": ..., "action": {"order": 9},
///                   "channels": {"sales": 921.7}, "occupancy": 0.2}]
///     }
///
/// `gain`, `channels` and `occupancy` are left out where the answer has none; `action` is null where nothing is chosen. Where the
/// policy or the value depends on the step, `action` and `value` are arrays over the steps.
public protocol JSONAnswer: Encodable {
  var json: JSONValue { get }
}

extension JSONAnswer {
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

extension Value {
  /// The value as JSON: symbols by name, sets as arrays, records as objects, anything else as its text.
  public var json: JSONValue {
    switch self {
    case .boolean(let value): .boolean(value)
    case .integer(let value): .integer(value)
    case .real(let value): .number(value)
    case .string(let value): .string(value)
    case .symbol(let symbol): .string(symbol.name)
    case .array(let elements), .set(let elements): .array(elements.map(\.json))
    case .record(let fields): fields.json
    case .range(let range): .array(range.map { .integer($0) })
    case .emptyRange: .array([])
    case .object(let object): (object as? any JSONAnswer)?.json ?? .string(object.description)
    case .nothing: .null
    case .type, .distribution: .string(description)
    }
  }
}

extension [Value.Field] {
  var json: JSONValue { .object(map { JSONValue.Member($0.name, $0.value.json) }) }
}

extension Objective {
  var json: JSONValue {
    var members: [JSONValue.Member]
    switch criterion {
    case .discounted(let discount): members = [.init("criterion", .string("discounted")), .init("discount", .number(discount))]
    case .finiteHorizon(let horizon, let discount):
      members = [
        .init("criterion", .string("finiteHorizon")), .init("horizon", .integer(horizon)), .init("discount", .number(discount)),
      ]
    case .total: members = [.init("criterion", .string("total"))]
    case .average: members = [.init("criterion", .string("average"))]
    }
    return .object(members + [.init("maximizes", .boolean(maximizes))])
  }
}

extension ModelSize: JSONAnswer {
  public var json: JSONValue {
    .object([
      .init("states", .integer(states)), .init("choices", .integer(choices)), .init("transitions", .integer(transitions)),
      .init("terminal", .integer(terminal)), .init("deadlocks", .integer(deadlocks)), .init("bytes", .integer(bytes)),
    ])
  }
}

/// What the JSON forms of answers by state have in common.
private struct StateDocument {
  var kind: String
  var explored: ExploredProcess
  var sparse: SparseSolution
  var extra: [JSONValue.Member] = []
  var time: (exploring: Double, solving: Double)?
  var path: [String] = []
  var channels: [ChannelTotals.Channel] = []
  var occupancy: [Double]?

  var json: JSONValue {
    let process = explored.process
    let start = StateFunction("", sparse.gain ?? sparse.value, of: explored).atStart
    var members: [JSONValue.Member] = [
      .init("kind", .string(kind)), .init("model", .string(process.name)),
      .init("parameters", .object(process.parameters.map { .init($0.name, .string($0.value)) })),
      .init("objective", process.objective.json),
    ]
    members += extra
    members += [
      .init("method", .string(sparse.method)), .init("iterations", .integer(sparse.iterations)),
      .init("bound", .number(sparse.bound)), .init("start", .number(start)),
    ]
    if let exact = sparse.exactValues(of: explored) { members.append(.init("exact", .string(exact.atStart.description))) }
    members.append(.init("size", ModelSize(explored).json))
    if let time {
      members.append(
        .init("time", .object([.init("exploring", .number(time.exploring)), .init("solving", .number(time.solving))])))
    }
    members += [
      .init("path", .array(path.map { .string($0) })), .init("notes", .array(sparse.notes.map { .string($0) })),
      .init("states", .array(states)),
    ]
    return .object(members)
  }

  private var states: [JSONValue] {
    let naming = StateNaming(explored)
    let policy = sparse.policy.isEmpty ? nil : PolicyFunction(sparse.policy, of: explored)
    return (0..<explored.sparse.stateCount).map { state($0, naming, policy) }
  }

  private func state(_ state: Int, _ naming: StateNaming, _ policy: PolicyFunction?) -> JSONValue {
    let count = explored.sparse.stateCount
    func staged(_ numbers: [Double]) -> JSONValue {
      numbers.count > count
        ? .numbers(stride(from: state, to: numbers.count, by: count).map { numbers[$0] }) : .number(numbers[state])
    }
    var members: [JSONValue.Member] = [
      .init("state", naming.fields(of: state).json), .init("value", staged(sparse.value)),
    ]
    if sparse.lower.count >= count { members.append(.init("lower", staged(sparse.lower))) }
    if sparse.upper.count >= count { members.append(.init("upper", staged(sparse.upper))) }
    if let gain = sparse.gain { members.append(.init("gain", .number(gain[state]))) }
    if let policy {
      let actions = (0..<policy.stages).map { policy.fields(in: state, stage: $0)?.json ?? .null }
      members.append(.init("action", policy.stages > 1 ? .array(actions) : actions[0]))
    }
    if !channels.isEmpty {
      members.append(.init("channels", .object(channels.map { .init($0.name, .number($0.totals[state])) })))
    }
    if let occupancy { members.append(.init("occupancy", .number(occupancy[state]))) }
    return .object(members)
  }
}

extension Solution: JSONAnswer {
  public var json: JSONValue {
    StateDocument(
      kind: "solution", explored: explored, sparse: sparse.byStep, time: (exploringTime, solvingTime), path: path,
      channels: channelTotals ?? [], occupancy: occupancy
    ).json
  }
}

extension Evaluation: JSONAnswer {
  public var json: JSONValue {
    StateDocument(
      kind: "evaluation", explored: explored, sparse: sparse, extra: [.init("policy", .string(policyName))],
      time: (exploringTime, solvingTime), channels: channelTotals ?? [], occupancy: occupancy
    ).json
  }
}

extension Reachability: JSONAnswer {
  public var json: JSONValue {
    StateDocument(
      kind: "reachability", explored: explored, sparse: sparse,
      extra: [.init("event", .string(event)), .init("maximizes", .boolean(maximizes))]
    ).json
  }
}

extension SimulationSummary: JSONAnswer {
  public var json: JSONValue {
    .object([
      .init("kind", .string("simulation")), .init("model", .string(model)), .init("policy", .string(policy)),
      .init("episodes", .integer(episodes)), .init("horizon", .integer(horizon)), .init("seed", .string(String(seed))),
      .init("mean", .number(mean)), .init("standardError", .number(standardError)),
      .init("interval", .numbers([low, high])), .init("confidence", .number(confidence)),
      .init(
        "channels",
        .object(
          channels.map {
            .init($0.name, .object([.init("mean", .number($0.mean)), .init("standardError", .number($0.standardError))]))
          })), .init("unfinished", .integer(unfinished)),
    ])
  }
}
