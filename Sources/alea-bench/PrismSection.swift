import Alea
import CBenchReference

/// Builds published PRISM models and answers a property of each to a certified bound.
///
/// Storm's figures are given, not measured here; a plain C loop over the same rows is timed in this run. Models are those of the Quantitative Verification Benchmark Set beside the tests; `models=FOLDER` names another
/// place.
enum PrismSection: BenchSection {
  static let name = "prism"
  static let summary = "PRISM models: CPU seconds to build and to solve, peak memory, beside Storm's and a C loop's"

  private struct Load {
    var model: String
    var constants: [String: PrismGiven]
    var properties: String
    var property: String
    /// The exact answer, as the benchmark set records it.
    var exact: Double
    var stormBuild: Double
    var stormSolve: Double?
  }

  private static let loads: [Load] = [
    Load(
      model: "consensus/consensus.6.prism", constants: ["K": .integer(2)], properties: "consensus/consensus.props",
      property: "c2", exact: 0.2943503061930339, stormBuild: 4.85, stormSolve: 3.2),
    Load(
      model: "wlan/wlan.3.prism", constants: ["COL": .integer(0)], properties: "wlan/wlan.props", property: "time_max",
      exact: 3883.4219613957, stormBuild: 0.41),
    Load(
      model: "csma/csma.3-2.prism", constants: [:], properties: "csma/csma.props", property: "time_max",
      exact: 105.21135384074029, stormBuild: 0.14),
    Load(
      model: "zeroconf/zeroconf.prism", constants: ["N": .integer(1000), "K": .integer(4), "reset": .boolean(false)],
      properties: "zeroconf/zeroconf.props", property: "correct_max", exact: 3.6937735268431015e-05, stormBuild: 1.17),
    Load(
      model: "eajs/eajs.3.prism", constants: ["energy_capacity": .integer(150), "B": .integer(7)],
      properties: "eajs/eajs.props", property: "ExpUtil", exact: 6.007519407845207, stormBuild: 0.60),
  ]

  private static var folder: String {
    if let given = Bench.option("models") { return given }
    let place = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    return place + "/Tests/AleaPrismTests/Data/mdp"
  }

  static func run() throws {
    var table = BenchTable([
      "model", "states", "choices", "transitions", "build", "Storm", "states/s", "property", "solve", "Storm", "error", "width",
      "peak MiB", "C loop", "sweeps",
    ])
    for load in loads { table.add(try row(load)) }
    table.print()
    print("  build: reading, lowering and exploring; solve: with the qualitative part and the proof of the bounds")
    print(
      "  C loop: value iteration in place until a sweep changes nothing by a millionth (at most 200 sweeps), which proves nothing"
    )
  }

  private static func row(_ load: Load) throws -> [String] {
    Measurement.resetPeakMemory()
    let start = Measurement.cpuTime
    let model = PrismParser.parseModel(try file(load.model)).model
    let program = try PrismProgram(model, name: load.model, constants: load.constants, ignoring: ["B"])
    var process = program.process
    process.channels = []
    let explored = try Explorer.explore(process)
    let built = Measurement.cpuTime

    let properties = PrismParser.parseProperties(try file(load.properties)).properties
    guard let property = properties.properties.first(where: { $0.name?.text == load.property }),
      case .query(let query) = property.body.kind, case .eventually(.state(let goal), _, _) = query.body
    else { throw DiagnosticError(.error("\(load.property) is no property of this section's form", at: nil)) }
    var context = try PrismContext(program, properties: properties, constants: load.constants.filter { $0.key == "B" })
    let (grown, condition) = try context.condition(goal)
    let holds = try explored.evaluate(condition, in: grown)
    let target = StateSet(count: holds.count)
    for state in holds.indices where holds[state] == 1 { target.flags.pointer[state] = 1 }
    let maximize = query.optimum == .greatest
    let sparse = explored.sparse
    var reward: Column<Double>?
    let solution: SparseSolution
    if case .reward(let reference) = query.quantity {
      let index = try context.rewardIndex(reference, at: query.span)
      let column = try explored.reward(program.process.channels[index].amount, in: program.process)
      reward = column
      solution = try sparse.rewardUntil(target, reward: column, maximize: maximize)
    } else {
      solution = try sparse.reachability(of: target, maximize: maximize)
    }
    let solved = Measurement.cpuTime
    let peak = Measurement.peakMemory.map { "\($0 >> 20)" } ?? ""

    let first = Int(sparse.initial[0].state)
    let isInside = solution.lower[first] <= load.exact * (1 + 1e-12) && load.exact * (1 - 1e-12) <= solution.upper[first]
    let (loop, sweeps) = referenceLoop(sparse, target, reward, maximize)
    return [
      load.model.split(separator: "/").last.map(String.init) ?? load.model, "\(sparse.stateCount)", "\(sparse.choiceCount)",
      "\(sparse.transitionCount)", decimals(built - start, 3), decimals(load.stormBuild, 2),
      "\(Int(Double(sparse.stateCount) / (built - start)))", load.property, decimals(solved - built, 3),
      load.stormSolve.map { decimals($0, 2) } ?? "", scientific(abs(solution.value[first] - load.exact) / load.exact),
      scientific(solution.upper[first] - solution.lower[first]) + (isInside ? "" : " (misses the answer)"), peak,
      decimals(loop, 3), "\(sweeps)",
    ]
  }

  private static func referenceLoop(_ sparse: SparseProcess, _ target: StateSet, _ reward: Column<Double>?, _ maximize: Bool)
    -> (seconds: Double, sweeps: Int64)
  {
    let value = Column<Double>(repeating: 0, count: sparse.stateCount)
    if reward == nil {
      for state in 0..<sparse.stateCount where target.contains(state) { value.pointer[state] = 1 }
    }
    let start = Measurement.cpuTime
    let sweeps = reference_reach(
      Int64(sparse.stateCount), sparse.choiceStart.pointer, sparse.transitionStart.pointer, sparse.successor.pointer,
      sparse.probability.pointer, reward?.pointer, target.flags.pointer, maximize ? 1 : 0, 1e-6, 200, value.pointer)
    return (Measurement.cpuTime - start, sweeps)
  }

  private static func file(_ path: String) throws -> SourceFile {
    guard let stream = fopen(folder + "/" + path, "r") else {
      throw DiagnosticError(.error("there is no file \(folder)/\(path)", at: nil))
    }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&block, 1, block.count, stream)
      if count == 0 { break }
      bytes += block[..<count]
    }
    return SourceFile(id: FileID(index: 0), name: path, bytes: bytes)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
