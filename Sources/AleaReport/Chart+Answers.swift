import AleaData
import AleaEngine
import AleaModel
import AleaSolvers
import AleaSyntax

extension Chart {
  /// The chart of a value of the language: a curve or a heat map over one or two state variables.
  ///
  ///     let chart = try Chart(.object(best))            // its values
  ///     let policy = try Chart(.object(best.policy))
  ///     print(chart.text(width: 80))
  ///
  /// - Throws: a `Diagnostic` where the value cannot be drawn, with what can.
  public init(_ value: Value) throws {
    switch value {
    case .object(let object):
      switch object {
      case let solution as Solution: try self.init(function: solution.value)
      case let evaluation as Evaluation: try self.init(function: evaluation.value)
      case let reachability as Reachability: try self.init(function: reachability.probability)
      case let function as StateFunction: try self.init(function: function)
      case let policy as PolicyFunction: try self.init(policy: policy)
      case let curves as RaceCurves: self.init(curves)
      case let race as Race: self.init(RaceCurves(race, measuresReward: race.measure == .reward))
      case let channels as ChannelTotals:
        let charts = try channels.channels.map { try Chart(function: StateFunction($0.name, $0.totals, of: channels.explored)) }
        guard let first = charts.first, charts.allSatisfy({ $0.heatMap == nil }) else {
          throw Diagnostic.error("the channels cannot be drawn in one picture", at: nil, notes: ["draw one: `channels.sales`"])
        }
        self = first
        yLabel = "expected total"
        series = charts.flatMap(\.series)
      case let table as DataTable: try self.init(table: table)
      default: throw Diagnostic.error("\(object.typeName) cannot be plotted", at: nil)
      }
    case .array(let elements):
      let numbers = elements.compactMap { element -> Double? in
        switch element {
        case .integer(let number): Double(number)
        case .real(let number): number
        default: nil
        }
      }
      guard numbers.count == elements.count, !numbers.isEmpty else {
        throw Diagnostic.error("only arrays of numbers can be plotted", at: nil)
      }
      self.init(xLabel: "index", series: [Series("", x: numbers.indices.map(Double.init), y: numbers)])
    default: throw Diagnostic.error("\(value.kindDescription) cannot be plotted", at: nil)
    }
  }

  init(function: StateFunction) throws {
    let explored = function.explored
    if let grid = StateGrid(explored) {
      self.init(
        title: "\(function.quantity) in \(explored.process.name)", xLabel: grid.columnName, yLabel: grid.rowName,
        heatMap: HeatMap(
          rows: grid.states.map { $0.map { $0.map { function.numbers[$0] } ?? .nan } }, rowLabels: grid.rowLabels,
          columnLabels: grid.columnLabels, quantity: function.quantity))
      return
    }
    let line = try Line(explored)
    let style: Style = line.isOrdered ? .line : .points
    self.init(
      title: "\(function.quantity) in \(explored.process.name)", xLabel: line.name, yLabel: function.quantity,
      series: [Series(function.quantity, x: line.x, y: line.states.map { function.numbers[$0] }, style: style)])
  }

  init(policy: PolicyFunction) throws {
    let explored = policy.explored
    let process = explored.process
    guard explored.actions.variables.count == 1 else {
      let names = explored.actions.variables.map { "`\(process[$0].name)`" }.joined(separator: ", ")
      throw Diagnostic.error("a policy of several actions (\(names)) cannot be drawn in one picture", at: nil)
    }
    let name = process[explored.actions.variables[0]].name
    let domain = explored.actions.domains[0]
    let isCategory = domain.type == .symbol || domain.type == .boolean
    func code(_ state: Int) -> Double {
      let choice = policy.choices.indices.contains(state) ? policy.choices[state] : -1
      guard choice >= 0 else { return .nan }
      let value = explored.actions.values(of: Int(explored.choiceAction[Int(choice)]))[0]
      return isCategory ? Double(domain.position(of: value) ?? 0) : value
    }
    let categories = isCategory ? (0..<(domain.count ?? 0)).map { process.text(of: domain.value(at: $0), in: domain) } : []
    if let grid = StateGrid(explored) {
      self.init(
        title: "policy for \(process.name): \(name)", xLabel: grid.columnName, yLabel: grid.rowName,
        heatMap: HeatMap(
          rows: grid.states.map { $0.map { $0.map(code) ?? .nan } }, rowLabels: grid.rowLabels, columnLabels: grid.columnLabels,
          categories: categories, quantity: name))
      return
    }
    let line = try Line(explored)
    self.init(
      title: "policy for \(process.name)", xLabel: line.name, yLabel: name,
      series: [Series(name, x: line.x, y: line.states.map(code), style: line.isOrdered && !isCategory ? .step : .points)])
    yCategories = categories
  }

  /// A state space of one variable, in the order of its values.
  private struct Line {
    var name: String
    var x: [Double]
    var states: [Int]
    var isOrdered: Bool

    init(_ explored: ExploredProcess) throws {
      let space = explored.states
      let process = explored.process
      let takesTime = space.includesTime && space.variables.isEmpty
      guard takesTime || (space.variables.count == 1 && !space.includesTime) else {
        let names = space.variables.map { "`\(process[$0].name)`" } + (space.includesTime ? ["`t`"] : [])
        throw Diagnostic.error(
          "the states of \(process.name) have \(names.count) variables; one or two can be drawn", at: nil,
          notes: ["they are " + names.joined(separator: ", "), "a path ending in .csv given to `save` writes every state"])
      }
      let domain = space.domains.first ?? .integers
      let isNumber = domain.type == .integer || domain.type == .real
      let places = (0..<explored.sparse.stateCount).map { state -> Double in
        if takesTime { return Double(space.time(of: state) ?? 0) }
        let value = space.values(of: state)[0]
        return isNumber ? value : Double(domain.position(of: value) ?? 0)
      }
      states = places.indices.sorted { places[$0] < places[$1] }
      x = states.map { places[$0] }
      name = takesTime ? "t" : process[space.variables[0]].name
      isOrdered = isNumber
    }
  }
}
