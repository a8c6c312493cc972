import AleaModel
import AleaSyntax

/// How a process is explored.
public struct ExplorationOptions: Sendable {
  /// Every combination of values of the states, instead of those that can be reached from the initial law.
  public var allStates: Bool
  /// Draws with infinite support are cut where at most this probability remains, when cutting changes anything at all.
  public var tailMass: Double
  /// The bytes the explicit form may take; nil for half of the memory the machine has free.
  public var memoryLimit: Int?
  /// More states than this are refused where a variable has no finite domain: such a model nearly always grows for ever, and would
  /// otherwise be found out only when the memory is full.
  public var mostStatesWithoutRange: Int
  /// For tests: the way steps are run.
  var strategy: Strategy

  enum Strategy: Sendable { case automatic, general, specialized }

  /// Options for exploring; those left out suit most models.
  public init(
    allStates: Bool = false, tailMass: Double = 1e-12, memoryLimit: Int? = nil, mostStatesWithoutRange: Int = 4_000_000
  ) {
    self.mostStatesWithoutRange = mostStatesWithoutRange
    self.allStates = allStates
    self.tailMass = tailMass
    self.memoryLimit = memoryLimit
    strategy = .automatic
  }
}

/// Lists the states, choices and transitions of a process: the reduction to ``SparseProcess``.
public enum Explorer {
  /// Explores a process breadth first from its initial law, or over all states.
  ///
  /// States are numbered in the order in which they are found, the same on every run; a state's choices are in the order of
  /// ``ActionSpace``; a choice's successors are in the order of its outcomes, equal ones merged. Contexts and observed variables that
  /// do not depend on the action are drawn on arrival and are part of the state; in a terminal state, where nothing is drawn any
  /// more, they have the first value of their domain.
  ///
  /// - Throws: ``DiagnosticError`` when the process has no finite form, when a step faults (the message carries the state and the
  ///   action), or when the form does not fit into memory; ``WorkCancelled`` when `control` ends the work.
  public static func explore(
    _ process: Process, options: ExplorationOptions = ExplorationOptions(), control: WorkControl = WorkControl()
  ) throws -> ExploredProcess {
    if let rows = process.rows { return rows.explored(process) }
    do {
      return try ExplorationRun(process, options, control).explore()
    } catch let diagnostic as Diagnostic {
      throw DiagnosticError(diagnostic)
    }
  }
}

/// The growing rows of one exploration.
final class ExplorationRun {
  let process: Process
  let plan: StepPlan
  let options: ExplorationOptions
  let control: WorkControl
  let layout: StateLayout
  let index: StateIndex
  let actions: ActionSpace
  let stepper: ScalarStepper
  let machine = BatchMachine()
  let memoryLimit: Int

  let choiceStart = Column<UInt32>()
  let transitionStart = Column<UInt32>()
  let successor = Column<Int32>()
  let probability = Column<Double>()
  let rewards: [Column<Double>]
  let choiceAction = Column<Int32>()
  let truncationMass = Column<Double>()
  let rewardSlack = Column<Double>()
  var deadlocks: [Int32] = []
  var warnings: [Diagnostic] = []
  /// The last choice in which a state was a successor, and where: finds equal successors of a choice.
  let seen = Column<UInt32>()

  init(_ process: Process, _ options: ExplorationOptions, _ control: WorkControl) throws {
    self.process = process
    let plan = try StepPlan(process)
    self.plan = plan
    self.options = options
    self.control = control
    let decision = plan.decisionVariables
    layout = StateLayout(variables: decision, domains: decision.map { plan.process[$0].domain }, horizon: plan.horizon)
    index = StateIndex(words: layout.words, bitCount: layout.bitCount)
    actions = ActionSpace(variables: plan.chosen, domains: plan.chosen.map { plan.process[$0].domain })
    stepper = ScalarStepper(plan: plan, tailMass: options.tailMass)
    memoryLimit = options.memoryLimit ?? MachineMemory.available
    rewards = plan.process.channels.map { _ in Column<Double>() }
    choiceStart.append(0)
    transitionStart.append(0)
  }

  var stateCount: Int { index.count }
  var choiceCount: Int { transitionStart.count - 1 }

  /// The bytes taken so far.
  var byteCount: Int {
    8 * choiceStart.count + transitionStart.count * (8 + 8 * rewards.count) + 12 * successor.count + index.byteCount
  }

  func explore() throws -> ExploredProcess {
    try estimate()
    let initial = try initialLaw()
    if options.allStates { try addAllStates() }
    let specialized = options.strategy == .general ? nil : try SpecializedStepper(self)
    if specialized == nil, options.strategy == .specialized {
      throw Diagnostic.error("this process has no specialised form", at: plan.process.span)
    }
    let general = specialized == nil ? try GeneralStepper(self) : nil
    var next = 0
    while next < stateCount {
      let end: Int
      if let specialized {
        do {
          end = try specialized.run(from: next, to: stateCount)
        } catch is SpecializedStepper.NotWritten {
          guard options.strategy == .automatic else {
            throw Diagnostic.error("this process has no specialised form", at: plan.process.span)
          }
          var general = options
          general.strategy = .general
          return try ExplorationRun(process, general, control).explore()
        }
      } else if let general {
        end = try general.run(from: next, to: stateCount)
      } else {
        end = stateCount
      }
      next = end
      try checkLimits()
      try checkProjection(expanded: next)
      try report(next)
    }
    for column in [choiceStart, transitionStart] { column.shrink() }
    successor.shrink()
    probability.shrink()
    choiceAction.shrink()
    for column in rewards { column.shrink() }
    let result = finish(initial)
    index.releaseTable()
    return result
  }

  private func finish(_ initial: [(state: Int32, probability: Double)]) -> ExploredProcess {
    let channels = zip(plan.process.channels, rewards).map { SparseProcess.Channel(name: $0.name, reward: $1) }
    var truncation: SparseProcess.Truncation?
    // Where every cut was exact there is nothing to report.
    if (0..<truncationMass.count).contains(where: { truncationMass.pointer[$0] > 0 || rewardSlack.pointer[$0] > 0 }) {
      truncation = SparseProcess.Truncation(mass: truncationMass, rewardSlack: rewardSlack)
    }
    var stageStart: [Int]?
    if let horizon = plan.horizon {
      let space = StateSpace(layout: layout, index: index)
      var starts = [0]
      var state = 0
      for time in 0...horizon {
        while state < stateCount, space.time(of: state) == time { state += 1 }
        starts.append(state)
      }
      stageStart = starts
    }
    let sparse = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: channels, initial: initial, objective: plan.process.objective, truncation: truncation, stageStart: stageStart)
    return ExploredProcess(
      process: process, sparse: sparse, states: StateSpace(layout: layout, index: index), actions: actions,
      choiceAction: choiceAction, deadlocks: deadlocks, warnings: warnings)
  }

  // MARK: Starting

  /// Packs a state of decision into a key and finds or gives it a number.
  func add(_ values: [Double], time: Int) throws -> Int {
    var key = [UInt64](repeating: 0, count: layout.words)
    for (field, value) in zip(layout.fields, values + (layout.includesTime ? [Double(time)] : [])) {
      guard let code = field.code(of: value) else {
        throw Diagnostic.error("the value \(value) of a state is too large to store", at: plan.process.span)
      }
      key[field.word] |= code << UInt64(field.shift)
    }
    return index.insert(key)
  }

  /// Expands the initial law: initial values in the order of their dependences, then what is observed on arrival.
  private func initialLaw() throws -> [(state: Int32, probability: Double)] {
    let process = plan.process
    var order: [Slot] = []
    var remaining = plan.states
    if let missing = remaining.first(where: { process[$0].mechanism == .chosen || process[$0].mechanism == .unspecified }) {
      if options.allStates { return [] }
      throw Diagnostic.error(
        "`\(process[missing].name)` has no initial value", at: process[missing].span,
        notes: ["write `= value` or `~ distribution` after its domain"])
    }
    let stateSet = Set(plan.states)
    while !remaining.isEmpty {
      let ready = remaining.filter { id in
        process.pool.leaves(of: process[id].mechanism.expressions).allSatisfy { leaf in
          if case .variable(let other) = leaf, stateSet.contains(other) { return order.contains(.current(other)) }
          return true
        }
      }
      guard !ready.isEmpty else {
        throw Diagnostic.error(
          "the initial value of `\(process[remaining[0]].name)` depends on itself", at: process[remaining[0]].span)
      }
      order += ready.map { .current($0) }
      remaining.removeAll { ready.contains($0) }
    }
    var law: [Int: Double] = [:]
    var found: [Int] = []
    let start = ScalarEnvironment(variableCount: process.variables.count)
    for outcome in try stepper.outcomes(of: order[...], from: start) {
      for (environment, weight) in try arrivals(outcome.environment) {
        let state = try add(plan.decisionVariables.map { environment.current[Int($0.index)] }, time: 0)
        if law[state] == nil { found.append(state) }
        law[state, default: 0] += outcome.probability * weight
      }
    }
    return found.map { (Int32($0), law[$0]!) }
  }

  /// What is observed on arrival in a state, with probabilities.
  private func arrivals(_ environment: ScalarEnvironment) throws -> [(ScalarEnvironment, Double)] {
    if plan.observed.isEmpty { return [(environment, 1)] }
    if try stepper.isTerminal(environment) {
      var settled = environment
      for id in plan.observed { settled.current[Int(id.index)] = plan.process[id].domain.value(at: 0) }
      return [(settled, 1)]
    }
    return try stepper.outcomes(of: plan.arrival[...], from: environment).map { ($0.environment, $0.probability) }
  }

  private func addAllStates() throws {
    guard let combinations = layout.combinationCount else {
      let endless = plan.decisionVariables.first { !plan.process[$0].domain.isFinite }
      throw Diagnostic.error(
        "not all states can be listed: `\(endless.map { plan.process[$0].name } ?? "")` has no finite domain",
        at: endless.flatMap { plan.process[$0].span })
    }
    let stages = Double((plan.horizon ?? 0) + 1)
    guard combinations * stages * 64 <= Double(memoryLimit), combinations * stages < 0x1p31 else {
      throw tooLarge("the model has \(Self.grouped(combinations * stages)) states")
    }
    let sizes = plan.decisionVariables.map { plan.process[$0].domain.count ?? 0 }
    guard !sizes.contains(0) else { return }
    for time in 0...(plan.horizon ?? 0) {
      var positions = [Int](repeating: 0, count: sizes.count)
      while true {
        _ = try add(zip(plan.decisionVariables, positions).map { plan.process[$0].domain.value(at: $1) }, time: time)
        var place = sizes.count - 1
        while place >= 0 {
          positions[place] += 1
          if positions[place] < sizes[place] { break }
          positions[place] = 0
          place -= 1
        }
        if place < 0 { break }
      }
    }
  }

  // MARK: Limits and progress

  /// What the domains allow at most, told before the first state is expanded.
  private func estimate() throws {
    guard let most = layout.combinationCount else { return }
    let bytes = Self.bytes(Int(min(most * Double(28 + 8 * rewards.count), 0x1p60)))
    let detail = "at most \(Self.grouped(most)) states, \(bytes) or more if all are reached"
    let progress = WorkProgress(phase: "exploring", detail: detail, fraction: 0)
    guard control.report(progress) else { throw WorkCancelled(state: "exploring stopped before the first state") }
  }

  /// Refuses as soon as the states found so far, with as many choices and transitions each as the expanded ones, would not fit.
  func checkProjection(expanded: Int) throws {
    guard expanded > 50_000 || byteCount > memoryLimit / 16 else { return }
    let rows = Double(byteCount - index.byteCount)
    let projected = Double(index.byteCount) + rows * Double(stateCount) / Double(max(1, expanded))
    if projected > Double(memoryLimit) {
      throw tooLarge(
        "the model will not fit into memory: the \(Self.grouped(Double(stateCount))) states found so far alone would take \(Self.bytes(Int(projected))), and \(Self.bytes(memoryLimit)) are free for it"
      )
    }
  }

  private func report(_ done: Int) throws {
    let progress = WorkProgress(
      phase: "exploring", detail: "\(Self.grouped(Double(stateCount))) states",
      fraction: stateCount == 0 ? nil : layout.combinationCount.map { min(1, Double(done) / max($0, 1)) })
    guard control.report(progress) else {
      throw WorkCancelled(
        state:
          "exploring stopped at \(Self.grouped(Double(stateCount))) states, \(Self.grouped(Double(done))) of them expanded, \(Self.grouped(Double(choiceCount))) choices and \(Self.grouped(Double(successor.count))) transitions"
      )
    }
  }

  func checkLimits() throws {
    if stateCount > options.mostStatesWithoutRange, layout.combinationCount == nil {
      throw tooLarge(
        "the model has more than \(Self.grouped(Double(options.mostStatesWithoutRange))) states, and no end of them in sight")
    }
    if byteCount > memoryLimit {
      throw tooLarge(
        "the model does not fit into memory: \(Self.grouped(Double(stateCount))) states were found when \(Self.bytes(byteCount)) were full"
      )
    }
    if stateCount >= Int(Int32.max) { throw tooLarge("the model has more than 2^31 states") }
    if choiceCount >= Int(UInt32.max) - (1 << 24) { throw tooLarge("the model has more than 2^32 choices") }
    if successor.count >= Int(UInt32.max) - (1 << 28) { throw tooLarge("the model has more than 2^32 transitions") }
  }

  /// A refusal that names the variable with the most values.
  private func tooLarge(_ message: String) -> Diagnostic {
    let process = plan.process
    if let endless = plan.decisionVariables.first(where: { !process[$0].domain.isFinite }) {
      var low = Double.infinity
      var high = -Double.infinity
      let space = StateSpace(layout: layout, index: index)
      let position = plan.decisionVariables.firstIndex(of: endless)!
      for state in 0..<stateCount {
        let value = space.values(of: state)[position]
        low = min(low, value)
        high = max(high, value)
      }
      return .error(
        message, at: process[endless].span,
        label: "grows without bound: so far \(ScalarEvaluator.text(low))..\(ScalarEvaluator.text(high))",
        notes: ["give `\(process[endless].name)` a range, and say what happens at its ends with `min` and `max`"])
    }
    guard let widest = plan.decisionVariables.max(by: { (process[$0].domain.count ?? 0) < (process[$1].domain.count ?? 0) })
    else { return .error(message, at: process.span) }
    return .error(
      message, at: process[widest].span, label: "the largest domain: \(process[widest].domain.count ?? 0) values",
      notes: ["the number of states is at most the product of the domains' sizes, \(Self.grouped(layout.combinationCount ?? 0))"])
  }

  static func grouped(_ value: Double) -> String {
    guard value < 1e15 else { return "\(value)" }
    var digits = String(Int(value))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
      place -= 3
    }
    return digits
  }

  static func bytes(_ count: Int) -> String {
    count >= 1 << 30 ? "\((Double(count) / 0x1p30 * 10).rounded() / 10) GiB" : "\(count >> 20) MiB"
  }
}
