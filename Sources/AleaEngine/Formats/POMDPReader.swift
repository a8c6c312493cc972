import AleaData
import AleaModel
import AleaSyntax

/// Cassandra's POMDP files: states, actions and observations, then tables of transitions, observations and rewards.
///
/// Source: "POMDP File Format" and "POMDP File Grammar" (pomdp.org). Everything of it is read: names and numbers, the wildcard `*`,
/// `uniform`, `identity` and `reset`, single entries, rows and matrices, all forms of `start`. A file without `observations` is a
/// process whose states are seen. Later entries replace earlier ones.
public enum POMDPReader {
  /// Reads and checks a model.
  ///
  /// - Throws: ``DataFileError`` with line and column.
  public static func read(
    _ bytes: UnsafeRawBufferPointer, file: String, name: String
  ) throws(DataFileError) -> PartiallyObservedModel {
    var reader = Reader(scanner: ByteScanner(bytes, file: file), size: bytes.count)
    return try reader.model(name: name)
  }

  private struct Reader {
    var scanner: ByteScanner
    let size: Int
    var discount: Double?
    var isCost: Bool?
    var states: Names?
    var actions: Names?
    var observations: Names?
    var start: [Double]?
    var transitions = ProbabilityRows(count: 0, width: 0)
    var sights = ProbabilityRows(count: 0, width: 0)
    var amounts = AmountPatterns()
    var hasTables = false

    struct Names {
      var texts: [String]
      var numbers: [String: Int]
      /// What one of them is called in messages.
      var noun: String
      var areGiven: Bool
      var count: Int { texts.count }
    }

    static let sections = ["discount", "values", "states", "actions", "observations", "start", "T", "O", "R"]
    /// More rows than this are refused.
    static let mostRows = 1 << 22

    // MARK: Sections

    mutating func model(name: String) throws(DataFileError) -> PartiallyObservedModel {
      while skip() {
        let place = scanner.position
        let word = scanner.word(until: [58, 35])
        switch word {
        case "discount": try readDiscount(at: place)
        case "values": try readValues(at: place)
        case "states": states = try readNames("state", states, at: place)
        case "actions": actions = try readNames("action", actions, at: place)
        case "observations": observations = try readNames("observation", observations, at: place)
        case "start": try readStart(at: place)
        case "T": try readTransitions(at: place)
        case "O": try readSights(at: place)
        case "R": try readAmounts(at: place)
        default:
          if let first = word.utf8.first, first < 58, first != 42 {
            throw scanner.fault("this number is one too many", at: place)
          }
          let nearest = Spelling.nearest(word, in: Self.sections)
          throw scanner.fault(
            "a part of the file begins here, with one of \(Self.sections.map { "`\($0)`" }.joined(separator: ", "))", at: place,
            notes: nearest.map { ["did you mean `\($0)`?"] } ?? [])
        }
      }
      let (states, actions) = try preamble(at: scanner.position)
      try makeTables()
      let start = try startLaw()
      let warnings = try check(states, actions)
      var model = PartiallyObservedModel(
        name: name, discount: discount ?? 1, isCost: isCost ?? false, states: states.texts, namesStates: states.areGiven,
        actions: actions.texts, observations: observations?.texts, start: start, transitions: transitions, sights: sights,
        amounts: amounts)
      model.warnings = warnings
      return model
    }

    /// Goes to the next byte that is neither blank nor in a comment; false at the end of the file.
    mutating func skip() -> Bool { scanner.nextFilledLine(comment: "#") }

    mutating func takeColon() -> Bool {
      var ahead = scanner
      guard ahead.nextFilledLine(comment: "#"), ahead.take(":") else { return false }
      scanner = ahead
      return true
    }

    mutating func colon(after what: String) throws(DataFileError) {
      if takeColon() { return }
      _ = skip()
      throw scanner.fault("`:` is expected here, after \(what)")
    }

    mutating func isNew(_ value: (some Any)?, _ what: String, at place: Int) throws(DataFileError) {
      if value != nil { throw scanner.fault("the file says `\(what)` twice", at: place) }
    }

    mutating func readDiscount(at place: Int) throws(DataFileError) {
      try isNew(discount, "discount", at: place)
      try colon(after: "`discount`")
      _ = skip()
      let at = scanner.position
      let value = try scanner.number("the discount")
      guard value >= 0, value <= 1 else { throw scanner.fault("a discount lies between 0 and 1", at: at) }
      discount = value
    }

    mutating func readValues(at place: Int) throws(DataFileError) {
      try isNew(isCost, "values", at: place)
      try colon(after: "`values`")
      _ = skip()
      let at = scanner.position
      switch scanner.word(until: [58, 35]) {
      case "reward": isCost = false
      case "cost": isCost = true
      default: throw scanner.fault("`reward` or `cost` is expected here", at: at)
      }
    }

    private static let titles = "`discount`, `values`, `states`, `actions`, `observations`, `start`, `T`, `O` and `R`"

    mutating func readNames(_ noun: String, _ earlier: Names?, at place: Int) throws(DataFileError) -> Names {
      try isNew(earlier, "\(noun)s", at: place)
      if hasTables { throw scanner.fault("`\(noun)s` comes before `start` and the tables", at: place) }
      try colon(after: "`\(noun)s`")
      guard skip(), let first = scanner.peek else {
        throw scanner.fault("the \(noun)s are expected here: names, or how many there are")
      }
      if first >= 48, first < 58 {
        let at = scanner.position
        let count = try scanner.natural("the number of \(noun)s")
        guard count > 0 else { throw scanner.fault("there is at least one \(noun)", at: at) }
        guard count <= ReadingLimit.unmentioned else { throw scanner.fault("more \(noun)s than are read", at: at) }
        return Names(texts: (0..<count).map { "\($0)" }, numbers: [:], noun: noun, areGiven: false)
      }
      var names = Names(texts: [], numbers: [:], noun: noun, areGiven: true)
      var last = scanner.position
      while skip(), !isSection() {
        let at = scanner.position
        let word = scanner.word(until: [58, 35])
        if word.isEmpty, let title = names.texts.last {
          throw scanner.fault("no part of the file is called `\(title)`: they are \(Self.titles)", at: last)
        }
        last = at
        guard let letter = word.utf8.first, letter | 32 >= 97, letter | 32 <= 122 else {
          throw scanner.fault("the name of a \(noun) starts with a letter", at: at)
        }
        guard names.numbers.updateValue(names.count, forKey: word) == nil else {
          throw scanner.fault("two \(noun)s have this name", at: at)
        }
        names.texts.append(word)
      }
      guard names.count > 0 else { throw scanner.fault("the \(noun)s are expected here: names, or how many there are") }
      return names
    }

    /// Whether a new part of the file begins here.
    func isSection() -> Bool {
      var ahead = scanner
      let word = ahead.word(until: [58, 35])
      guard Self.sections.contains(word), ahead.nextFilledLine(comment: "#") else { return false }
      return ahead.peek == 58 || (word == "start" && (ahead.hasPrefix("include") || ahead.hasPrefix("exclude")))
    }

    /// The states and actions, once everything before the tables is known.
    mutating func preamble(at place: Int) throws(DataFileError) -> (Names, Names) {
      func missing(_ what: String) -> DataFileError { scanner.fault("\(what) before this", at: place) }
      guard discount != nil else { throw missing("a line such as `discount: 0.95` is missing") }
      guard isCost != nil else { throw missing("a line `values: reward` or `values: cost` is missing") }
      guard let states else { throw missing("a line with the `states` is missing") }
      guard let actions else { throw missing("a line with the `actions` is missing") }
      guard states.count <= Self.mostRows / actions.count else {
        throw scanner.fault("\(states.count) states with \(actions.count) actions are more than are read", at: place)
      }
      return (states, actions)
    }

    mutating func makeTables() throws(DataFileError) {
      if hasTables { return }
      let (states, actions) = try preamble(at: scanner.position)
      hasTables = true
      transitions = ProbabilityRows(count: actions.count * states.count, width: states.count)
      if let observations {
        sights = ProbabilityRows(count: actions.count * states.count, width: observations.count)
      }
    }

    // MARK: Words and numbers

    /// One of the names or numbers of a list, or nil for `*`.
    mutating func member(of names: Names, allowsAll: Bool = true) throws(DataFileError) -> Int? {
      _ = skip()
      let place = scanner.position
      let word = scanner.word(until: [58, 35])
      if word == "*", allowsAll { return nil }
      if let number = names.numbers[word] { return number }
      if !word.isEmpty, word.utf8.allSatisfy({ $0 >= 48 && $0 < 58 }) {
        if let number = Int(word), number < names.count { return number }
        throw scanner.fault("there is no \(names.noun) with this number: they are 0 to \(names.count - 1)", at: place)
      }
      let nearest = Spelling.nearest(word, in: names.texts)
      throw scanner.fault(
        word.isEmpty ? "the name of a \(names.noun) is expected here" : "there is no \(names.noun) of this name", at: place,
        notes: nearest.map { ["did you mean `\($0)`?"] } ?? [])
    }

    var isAtNumber: Bool {
      guard let byte = scanner.peek else { return false }
      return (byte >= 48 && byte < 58) || byte == 43 || byte == 45 || byte == 46
    }

    mutating func probability() throws(DataFileError) -> Double {
      _ = skip()
      let place = scanner.position
      let value = try scanner.number("a probability")
      guard value >= 0, value <= 1 + RowBuilder.exactSum else {
        throw scanner.fault("a probability lies between 0 and 1", at: place)
      }
      return value
    }

    /// As many numbers as `nouns` says.
    mutating func numbers(_ count: Int, _ nouns: String, areProbabilities: Bool) throws(DataFileError) -> [Double] {
      var result: [Double] = []
      while result.count < count {
        guard skip(), isAtNumber else {
          throw scanner.fault("\(count) numbers are needed here, \(nouns), and only \(result.count) came before this")
        }
        result.append(try areProbabilities ? probability() : scanner.number("an amount"))
      }
      return result
    }

    /// Takes one of several words when it comes next.
    mutating func take(_ words: [String]) -> String? {
      var ahead = scanner
      guard ahead.nextFilledLine(comment: "#") else { return nil }
      let word = ahead.word(until: [58, 35])
      guard words.contains(word) else { return nil }
      scanner = ahead
      return word
    }

    // MARK: The start

    mutating func readStart(at place: Int) throws(DataFileError) {
      try isNew(start, "start", at: place)
      let (states, _) = try preamble(at: place)
      try makeTables()
      let count = states.count
      if let word = take(["include", "exclude"]) {
        try colon(after: "`\(word)`")
        var chosen = [Bool](repeating: false, count: count)
        while skip(), !isSection() {
          if let state = try member(of: states, allowsAll: false) { chosen[state] = true }
        }
        let members = chosen.indices.filter { chosen[$0] == (word == "include") }
        guard !members.isEmpty else { throw scanner.fault("no state is left to start in", at: place) }
        var law = [Double](repeating: 0, count: count)
        for state in members { law[state] = 1 / Double(members.count) }
        start = law
        return
      }
      try colon(after: "`start`")
      if take(["uniform"]) != nil {
        start = [Double](repeating: 1 / Double(count), count: count)
        return
      }
      _ = skip()
      let first = scanner.position
      guard isAtNumber else { return start = try certain(member(of: states, allowsAll: false), count) }
      var ahead = scanner
      let word = ahead.word(until: [58, 35])
      let isAlone = !ahead.nextFilledLine(comment: "#") || !Self(scanner: ahead, size: size).isAtNumber
      if isAlone, count > 1, word.utf8.allSatisfy({ $0 >= 48 && $0 < 58 }) {
        return start = try certain(member(of: states, allowsAll: false), count)
      }
      let law = try numbers(count, "one for each state", areProbabilities: true)
      let sum = law.reduce(0, +)
      guard abs(sum - 1) <= RowBuilder.roundedSum else {
        throw scanner.fault("the probabilities of the start sum to \(RowBuilder.text(sum)), not to 1", at: first)
      }
      start = law.map { $0 / sum }
    }

    func certain(_ state: Int?, _ count: Int) -> [Double] {
      var law = [Double](repeating: 0, count: count)
      if let state { law[state] = 1 }
      return law
    }

    /// Without a `start` every state is equally likely.
    func startLaw() throws(DataFileError) -> [(state: Int32, probability: Double)] {
      let count = states?.count ?? 0
      let law = start ?? [Double](repeating: 1 / Double(count), count: count)
      return law.indices.filter { law[$0] > 0 }.map { (Int32($0), law[$0]) }
    }

    // MARK: Tables

    /// The rows that an action and a state stand for, nil for all.
    func rows(_ action: Int?, _ state: Int?, _ actions: Int, _ states: Int) -> [Int] {
      let chosen = action.map { $0..<($0 + 1) } ?? 0..<actions
      let members = state.map { $0..<($0 + 1) } ?? 0..<states
      return chosen.flatMap { action in members.map { action * states + $0 } }
    }

    func checkSize(_ rows: ProbabilityRows, at place: Int) throws(DataFileError) {
      guard rows.stored <= ProbabilityRows.most else {
        throw scanner.fault("the table has more than \(ProbabilityRows.most) entries, and no more are read", at: place)
      }
    }

    mutating func readTransitions(at place: Int) throws(DataFileError) {
      let (states, actions) = try preamble(at: place)
      try makeTables()
      try colon(after: "`T`")
      let action = try member(of: actions)
      try readRows(of: \.transitions, action, states, actions, columns: states, form: .square, at: place)
    }

    mutating func readSights(at place: Int) throws(DataFileError) {
      let (states, actions) = try preamble(at: place)
      guard let observations else {
        throw scanner.fault("the file has no `observations`, and this says what is seen", at: place)
      }
      try makeTables()
      try colon(after: "`O`")
      let action = try member(of: actions)
      try readRows(of: \.sights, action, states, actions, columns: observations, form: .oblong, at: place)
    }

    enum Shape { case square, oblong }

    mutating func readRows(
      of table: WritableKeyPath<Reader, ProbabilityRows>, _ action: Int?, _ states: Names, _ actions: Names, columns: Names,
      form: Shape, at place: Int
    ) throws(DataFileError) {
      let each = "one for each \(columns.noun)"
      guard takeColon() else {
        // A matrix.
        if let word = take(form == .square ? ["uniform", "identity"] : ["uniform", "reset"]) {
          let whole: ProbabilityRows.Form = word == "identity" ? .diagonal : word == "reset" ? .reset : .uniform
          if word == "reset" { throw scanner.fault("`reset` stands for the row of a transition", at: place) }
          self[keyPath: table].set(whole, in: rows(action, nil, actions.count, states.count), at: place)
          return
        }
        for state in 0..<states.count {
          _ = skip()
          let at = scanner.position
          let row = try numbers(columns.count, each, areProbabilities: true)
          self[keyPath: table].set(.numbers(row), in: rows(action, state, actions.count, states.count), at: at)
          try checkSize(self[keyPath: table], at: place)
        }
        return
      }
      let state = try member(of: states)
      let chosen = rows(action, state, actions.count, states.count)
      guard takeColon() else {
        // A row.
        switch take(form == .square ? ["uniform", "reset", "identity"] : ["uniform", "reset"]) {
        case "uniform": self[keyPath: table].set(.uniform, in: chosen, at: place)
        case "reset" where form == .square: self[keyPath: table].set(.reset, in: chosen, at: place)
        case "identity": throw scanner.fault("`identity` stands for a whole matrix, and this is a row", at: place)
        case .some: throw scanner.fault("`reset` stands for the row of a transition", at: place)
        case nil:
          _ = skip()
          let at = scanner.position
          self[keyPath: table].set(.numbers(try numbers(columns.count, each, areProbabilities: true)), in: chosen, at: at)
        }
        return
      }
      let column = try member(of: columns)
      _ = skip()
      let at = scanner.position
      let value = try probability()
      guard let column else {
        self[keyPath: table].set(.numbers([Double](repeating: value, count: columns.count)), in: chosen, at: at)
        return try checkSize(self[keyPath: table], at: place)
      }
      let count = states.count
      self[keyPath: table].set(
        value, column: column, in: chosen, diagonal: { $0 % count },
        start: start ?? [Double](repeating: 1 / Double(count), count: count),
        at: at)
      try checkSize(self[keyPath: table], at: place)
    }

    mutating func readAmounts(at place: Int) throws(DataFileError) {
      let (states, actions) = try preamble(at: place)
      try makeTables()
      try colon(after: "`R`")
      var pattern = AmountPatterns.Pattern(value: 0)
      pattern.action = try member(of: actions).map { Int32($0) }
      // What is not named before the numbers is listed by them, the last varying fastest.
      var open: [(path: WritableKeyPath<AmountPatterns.Pattern, Int32?>, names: Names)] = [
        (\.state, states), (\.next, states),
      ]
      if let observations { open.append((\.sight, observations)) }
      while let next = open.first, takeColon() {
        pattern[keyPath: next.path] = try member(of: next.names).map { Int32($0) }
        open.removeFirst()
      }
      if open.isEmpty, takeColon() {
        throw scanner.fault("nothing more is named here: an amount follows", at: scanner.position - 1)
      }
      let count = open.reduce(1.0) { $0 * Double($1.names.count) }
      guard Double(amounts.patterns.count) + count <= Double(ProbabilityRows.most) else {
        throw scanner.fault("there are more than \(ProbabilityRows.most) amounts, and no more are read", at: place)
      }
      try listAmounts(pattern, open[...])
    }

    mutating func listAmounts(
      _ pattern: AmountPatterns.Pattern, _ open: ArraySlice<(path: WritableKeyPath<AmountPatterns.Pattern, Int32?>, names: Names)>
    ) throws(DataFileError) {
      var pattern = pattern
      guard let next = open.first else {
        guard skip() else { throw scanner.fault("an amount is expected here, a number") }
        pattern.value = try scanner.number("an amount")
        amounts.patterns.append(pattern)
        return
      }
      guard open.count == 1 else {
        for member in 0..<next.names.count {
          pattern[keyPath: next.path] = Int32(member)
          try listAmounts(pattern, open.dropFirst())
        }
        return
      }
      let values = try numbers(next.names.count, "one for each \(next.names.noun)", areProbabilities: false)
      for (member, value) in values.enumerated() {
        pattern[keyPath: next.path] = Int32(member)
        pattern.value = value
        amounts.patterns.append(pattern)
      }
    }

    // MARK: Checks

    /// Every row of probabilities sums to one; what was rounded is said.
    func check(_ states: Names, _ actions: Names) throws(DataFileError) -> [String] {
      var scaled = 0
      for (table, isStep) in [(transitions, true), (sights, false)] where isStep || observations != nil {
        for action in 0..<actions.count {
          for state in 0..<states.count {
            let row = action * states.count + state
            let (act, place) = (actions.texts[action], states.texts[state])
            if table.isMissing(row) {
              throw scanner.fault(
                isStep
                  ? "nothing says where `\(act)` leads from `\(place)`"
                  : "nothing says what is seen after `\(act)` led to `\(place)`",
                at: size, notes: ["rows are given as in `\(isStep ? "T" : "O"): \(act) : \(place) uniform`"])
            }
            let sum = table.sum(row)
            if abs(sum - 1) <= RowBuilder.exactSum { continue }
            guard abs(sum - 1) <= RowBuilder.roundedSum else {
              let what = isStep ? "`\(act)` from `\(place)`" : "what is seen after `\(act)` led to `\(place)`"
              throw scanner.fault("the probabilities of \(what) sum to \(RowBuilder.text(sum)), not to 1", at: table.places[row])
            }
            scaled += 1
          }
        }
      }
      return scaled == 0 ? [] : [RowBuilder.scaledWarning(scaled)]
    }
  }
}
