import AleaSemantics

/// A model read from a file of states and transitions: PRISM's `.tra`, Storm's `.drn`, `.umb`, NumPy's `.npz`.
struct ExplicitFile: RowModel {
  let rows: ExplicitModel
  let lowered: Process
  let seconds: Double
  let path: String?

  static let endings = ["tra", "drn", "umb", "npz", "pomdp"]

  static func isExplicit(_ path: String) -> Bool { endings.contains(SavedFile.fileExtension(path)) }

  /// Reads a file, and of PRISM's the labels, states and rewards beside it.
  ///
  /// - Parameters:
  ///   - path: where the file is.
  ///   - shown: its name in messages.
  ///   - kind: of `.tra` files without choices: `ctmc` where the numbers are rates.
  ///   - isObserved: of `.pomdp` files: takes their states as seen.
  /// - Throws: `DataFileError` with line and column.
  init(path: String, shown: String, kind: ExplicitModel.Kind? = nil, isObserved: Bool = false) throws(DataFileError) {
    let start = SessionCore.seconds()
    rows = try Self.read(path: path, shown: shown, kind: kind, isObserved: isObserved)
    self.path = path
    lowered = rows.process()
    seconds = SessionCore.seconds() - start
  }

  private static func read(
    path: String, shown: String, kind: ExplicitModel.Kind?, isObserved: Bool
  ) throws(DataFileError) -> ExplicitModel {
    let name = PrismFile.stem(shown)
    let file = try opened(path, shown)
    defer { withExtendedLifetime(file) {} }
    if let kind, SavedFile.fileExtension(path) != "tra" {
      throw DataFileError(
        file: shown, "the file says itself what kind of model it is, so `kind` (\(kind.rawValue)) is not needed")
    }
    if isObserved, SavedFile.fileExtension(path) != "pomdp" {
      throw DataFileError(file: shown, "the states of this model are seen: `observed` is for partially observed ones")
    }
    switch SavedFile.fileExtension(path) {
    case "pomdp": return try served(POMDPReader.read(file.bytes, file: shown, name: name), shown, isObserved: isObserved)
    case "drn": return try DRNReader.read(file.bytes, file: shown, name: name)
    case "umb": return try UMBReader.read(file.bytes, file: shown, name: name)
    case "npz": return try ArrayArchive.model(file.bytes, file: shown, name: name)
    default: return try transitions(file, path: path, shown: shown, kind: kind, name: name)
    }
  }

  /// The process with its state seen, where that is what is asked for: nothing solves the partially observed one yet.
  private static func served(
    _ model: PartiallyObservedModel, _ shown: String, isObserved: Bool
  ) throws(DataFileError) -> ExplicitModel {
    if model.observations == nil || isObserved { return try model.observed() }
    throw DataFileError(
      file: shown,
      "this is a partially observed model (\(NumberText.grouped(model.states.count)) states, \(model.actions.count) actions, "
        + "\(model.observations?.count ?? 0) observations), and no solver serves that kind yet",
      notes: [
        "with `observed: true` (`-D observed=true` on the command line) its states are taken as seen: "
          + "an mdp whose values are upper bounds"
      ])
  }

  private static func opened(_ path: String, _ shown: String) throws(DataFileError) -> FileBytes {
    do throws(DataFileError) {
      return try FileBytes(path: path)
    } catch {
      var error = error
      error.file = shown
      throw error
    }
  }

  private static func transitions(
    _ file: FileBytes, path: String, shown: String, kind: ExplicitModel.Kind?, name: String
  ) throws(DataFileError) -> ExplicitModel {
    var reader = try TransitionFiles(transitions: .init(name: shown, bytes: file.bytes), kind: kind, name: name)
    /// Whether there is a file of the same name with another ending; it is read when there is.
    func beside(_ ending: String, _ body: (TransitionFiles.File) throws(DataFileError) -> Void) throws(DataFileError) -> Bool {
      let place = String(path.dropLast(4)) + ending
      guard SourceLoader.isReadable(place) else { return false }
      let label = String(shown.dropLast(4)) + ending
      let file = try opened(place, label)
      defer { withExtendedLifetime(file) {} }
      try body(.init(name: label, bytes: file.bytes))
      return true
    }
    _ = try beside(".sta") { (file) throws(DataFileError) in try reader.readStates(file) }
    _ = try beside(".lab") { (file) throws(DataFileError) in try reader.readLabels(file) }
    _ = try beside(".rew") { (file) throws(DataFileError) in try reader.readRewards(file, ofStates: nil, fallback: nil) }
    // Several structures are numbered from 1.
    for suffix in [""] + (1...99).map(String.init) {
      let name = suffix.isEmpty ? nil : suffix
      let hasStates = try beside("\(suffix).srew") { (file) throws(DataFileError) in
        try reader.readRewards(file, ofStates: true, fallback: name)
      }
      let hasTransitions = try beside("\(suffix).trew") { (file) throws(DataFileError) in
        try reader.readRewards(file, ofStates: false, fallback: name)
      }
      if suffix != "", !hasStates, !hasTransitions { break }
    }
    return reader.result()
  }

  func exploration(_ core: SessionCore, for method: Exact) throws -> PrismExploration {
    throw core.diagnostic(
      UnmetRequirement(
        method: method.name, requirement: "a model whose probabilities are known as fractions",
        found: "`\(name)` holds doubles", remedy: "the answer without `Exact` has guaranteed bounds"), at: nil)
  }

  /// What the reader should know.
  var diagnostics: [Diagnostic] { rows.warnings.map { .warning("\(rows.name): \($0)", at: nil) } }
}
