import AleaModel

/// The sets of joint actions available in states, read off tables instead of computed guard by guard.
///
/// A guard is a conjunction. Conjuncts that read the same few variables are evaluated once for all values these variables can have:
/// the table of a group of variables says which actions their values rule out. A state has the actions that no table rules out, so
/// what a state costs depends on the number of groups (about one a module), not on the number of joint actions. Guards that cannot be
/// tabulated, or not in full, are ``unsettled``: they are tested afterwards where the tables leave them open.
final class GuardIndex {
  /// A set of actions takes so many words of 64.
  let words: Int
  /// Actions whose guards have to be tested where the tables leave them.
  private(set) var unsettled: [Int] = []
  private var tables: [Table] = []
  /// The actions that are not ruled out everywhere.
  private var open: [UInt64]

  /// Adjacent bits of a key that become adjacent bits of a table's index.
  private struct Run {
    var word: Int
    var shift: UInt64
    var mask: UInt64
    var place: UInt64
  }

  private struct Table {
    var runs: [Run]
    /// For each index where its set of actions begins.
    var row: Column<UInt32>
    var sets: Column<UInt64>
  }

  private struct Conjunct {
    var expression: ExpressionID
    /// Positions in the layout, ascending.
    var fields: [Int]
    var bits: Int
    var actions: [UInt64]
  }

  private struct Group {
    var fields: Set<Int>
    var bits: Int
    var conjuncts: [Int]
  }

  /// The widest index of a table: for a single conjunct, and for several that are brought together.
  private static let widestConjunct = 16
  private static let widestGroup = 11

  init(_ conditions: [ExpressionID], pool: ExpressionPool, plan: StepPlan, layout: StateLayout, machine: BatchMachine) {
    words = (conditions.count + 63) / 64
    open = [UInt64](repeating: 0, count: words)
    var conjuncts: [Conjunct] = []
    // Where each condition stands among the conjuncts; -1 for one without a table.
    var number: [ExpressionID: Int] = [:]
    for (action, condition) in conditions.enumerated() {
      let (word, bit) = (action / 64, UInt64(1) << UInt64(action % 64))
      if pool.constant(condition) == 0 { continue }
      open[word] |= bit
      let parts = pool.conjuncts(of: condition)
      var places: [Int] = []
      var isIndexed = true
      var isSettled = true
      for part in parts where pool.constant(part) != 1 {
        let place: Int
        if let known = number[part] {
          place = known
        } else if let conjunct = Self.conjunct(part, pool, plan, layout, words) {
          place = conjuncts.count
          conjuncts.append(conjunct)
        } else {
          place = -1
        }
        number[part] = place
        if place >= 0 {
          places.append(place)
        } else {
          isSettled = false
          // A test that may fail must come in its turn.
          if Self.mayFail(part, pool, plan) { isIndexed = false }
        }
      }
      if !isSettled { unsettled.append(action) }
      if isIndexed { for place in places { conjuncts[place].actions[word] |= bit } }
    }
    for group in Self.groups(of: conjuncts, layout) {
      tables.append(
        Self.table(group, conjuncts, open: open, words: words, pool: pool, plan: plan, layout: layout, machine: machine))
    }
  }

  private static func mayFail(_ part: ExpressionID, _ pool: ExpressionPool, _ plan: StepPlan) -> Bool {
    IntervalEvaluator(pool)([part], leaf: plan.interval)[part]?.mayFail ?? true
  }

  /// Nil when a condition has no table.
  private static func conjunct(
    _ part: ExpressionID, _ pool: ExpressionPool, _ plan: StepPlan, _ layout: StateLayout, _ words: Int
  ) -> Conjunct? {
    var fields: [Int] = []
    for leaf in pool.leaves(of: [part]) {
      guard let field = layout.field(of: leaf) else { return nil }
      fields.append(field)
    }
    let bits = fields.reduce(0) { $0 + layout.fields[$1].bits }
    guard bits <= widestConjunct, !mayFail(part, pool, plan) else { return nil }
    let none = [UInt64](repeating: 0, count: words)
    return Conjunct(expression: part, fields: fields.sorted(), bits: bits, actions: none)
  }

  /// Brings conjuncts together that read the same variables, then groups with variables in common, then any that are small.
  private static func groups(of conjuncts: [Conjunct], _ layout: StateLayout) -> [Group] {
    var groups: [Group] = []
    func width(_ fields: Set<Int>) -> Int { fields.reduce(0) { $0 + layout.fields[$1].bits } }
    for place in conjuncts.indices.sorted(by: { (conjuncts[$1].bits, $0) < (conjuncts[$0].bits, $1) }) {
      let own = Set(conjuncts[place].fields)
      var best: (group: Int, fields: Set<Int>, shared: Int)?
      for (number, group) in groups.enumerated() {
        let union = group.fields.union(own)
        let shared = width(group.fields.intersection(own))
        let fits = union.count == group.fields.count || (shared > 0 && width(union) <= widestGroup)
        if fits, shared > best?.shared ?? -1 { best = (number, union, shared) }
      }
      if let best {
        groups[best.group].fields = best.fields
        groups[best.group].bits = width(best.fields)
        groups[best.group].conjuncts.append(place)
      } else {
        groups.append(Group(fields: own, bits: conjuncts[place].bits, conjuncts: [place]))
      }
    }
    groups.sort { $0.bits < $1.bits }
    var joined: [Group] = []
    for group in groups {
      let fits = joined.firstIndex { width($0.fields.union(group.fields)) <= widestGroup }
      if let fits {
        joined[fits].fields.formUnion(group.fields)
        joined[fits].bits = width(joined[fits].fields)
        joined[fits].conjuncts += group.conjuncts
      } else {
        joined.append(group)
      }
    }
    return joined
  }

  private static func table(
    _ group: Group, _ conjuncts: [Conjunct], open: [UInt64], words: Int, pool: ExpressionPool, plan: StepPlan,
    layout: StateLayout, machine: BatchMachine
  ) -> Table {
    let fields = group.fields.sorted()
    let size = 1 << group.bits
    let program = BatchCompiler(pool: pool, leaf: plan.interval).compile(
      group.conjuncts.map { BatchRoot(conjuncts[$0].expression) })

    // Values of the fields for every index, and their truth.
    var place: [Int: UInt64] = [:]
    var runs: [Run] = []
    var used: UInt64 = 0
    for number in fields {
      let field = layout.fields[number]
      place[number] = used
      if let last = runs.last, last.word == field.word, UInt64(field.shift) == last.shift + (used - last.place) {
        runs[runs.count - 1].mask = (last.mask << UInt64(field.bits)) | field.mask
      } else if field.bits > 0 {
        runs.append(Run(word: field.word, shift: UInt64(field.shift), mask: field.mask, place: used))
      }
      used += UInt64(field.bits)
    }
    let columns = UnsafeMutablePointer<Double>.allocate(capacity: max(1, (program.inputs.count + program.outputCount) * size))
    defer { columns.deallocate() }
    for (input, leaf) in program.inputs.enumerated() {
      guard let number = layout.field(of: leaf) else { continue }
      let field = layout.fields[number]
      let shift = place[number] ?? 0
      // Codes without a value never occur.
      let last = UInt64(max(1, field.domain.count ?? 1) - 1)
      let column = columns + input * size
      for index in 0..<size { column[index] = field.value(of: min(last, (UInt64(index) >> shift) & field.mask)) }
    }
    machine.run(
      program, count: size, inputs: program.inputs.indices.map { columns + $0 * size },
      outputs: (0..<program.outputCount).map { columns + (program.inputs.count + $0) * size })

    // Indices with the same truths share a set of actions.
    let row = Column<UInt32>(repeating: 0, count: size)
    var classCount = 1
    var split: [Int32] = []
    for output in 0..<program.outputCount {
      let truth = columns + (program.inputs.count + output) * size
      split = [Int32](repeating: -1, count: 2 * classCount)
      var count: Int32 = 0
      split.withUnsafeMutableBufferPointer { split in
        for index in 0..<size {
          let key = 2 * Int(row.pointer[index]) + (truth[index] != 0 ? 1 : 0)
          if split[key] < 0 {
            split[key] = count
            count += 1
          }
          row.pointer[index] = UInt32(split[key])
        }
      }
      classCount = Int(count)
    }
    let sets = Column<UInt64>(repeating: 0, count: classCount * words)
    var isDone = [Bool](repeating: false, count: classCount)
    for index in 0..<size {
      let number = Int(row.pointer[index])
      row.pointer[index] = UInt32(number * words)
      if isDone[number] { continue }
      isDone[number] = true
      let set = sets.pointer + number * words
      for word in 0..<words { set[word] = open[word] }
      for (output, conjunct) in group.conjuncts.enumerated()
      where columns[(program.inputs.count + output) * size + index] == 0 {
        for word in 0..<words { set[word] &= ~conjuncts[conjunct].actions[word] }
      }
    }
    return Table(runs: runs, row: row, sets: sets)
  }

  /// Writes the set of each state that the tables leave, one after the other.
  func fill(_ sets: UnsafeMutablePointer<UInt64>, keys: UnsafePointer<UInt64>, keyWords: Int, count: Int) {
    for lane in 0..<count {
      for word in 0..<words { sets[lane &* words &+ word] = open[word] }
    }
    for table in tables {
      let row = UnsafePointer(table.row.pointer)
      let source = UnsafePointer(table.sets.pointer)
      table.runs.withUnsafeBufferPointer { runs in
        let runCount = runs.count
        for lane in 0..<count {
          var index = 0
          var number = 0
          while number < runCount {
            let run = runs[number]
            index |= Int(truncatingIfNeeded: ((keys[lane &* keyWords &+ run.word] >> run.shift) & run.mask) << run.place)
            number &+= 1
          }
          let set = source + Int(row[index])
          let target = sets + lane &* words
          var word = 0
          while word < words {
            target[word] &= set[word]
            word &+= 1
          }
        }
      }
    }
  }
}

extension StateLayout {
  /// The field a leaf is read from.
  func field(of leaf: ExpressionKind) -> Int? {
    switch leaf {
    case .variable(let id): variables.firstIndex(of: id)
    case .time: includesTime ? variables.count : nil
    default: nil
    }
  }
}
