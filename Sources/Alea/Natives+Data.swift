import AleaData
import AleaSemantics

extension Natives {
  // MARK: Data

  static func data(_ core: SessionCore) -> [NativeFunction] {
    [readFunction(core)] + tables(core) + columns(core)
  }

  /// The endings of files that `read` understands.
  private static let readableEndings = ["csv"] + PrismFile.endings + ExplicitFile.endings + graphEndings

  private static func readFunction(_ core: SessionCore) -> NativeFunction {
    NativeFunction(
      "read",
      [
        NativeParameter(
          "path", isPositional: true,
          "a path relative to the program's file, ending in .csv, .prism, .tra, .drn, .umb, .npz or .pomdp"),
        NativeParameter("separator", default: "\",\"", "what stands between cells"),
        NativeParameter("header", default: "true", "false where the first line holds data: columns are then c1, c2, ..."),
        NativeParameter(
          "missing", default: "[\"NA\", \"NaN\"]", "the cells that stand for a missing value; empty cells always do"),
        NativeParameter("types", default: "what the cells show", "types of columns by name, as in `(zip: String, age: Int)`"),
        NativeParameter(
          "constants", kind: .labelled,
          "values for the constants of a PRISM model: `K: 16`; of a .tra file `kind: \"ctmc\"` for rates; of a .pomdp file `observed: true` to take its states as seen"
        ),
      ], returns: "a table or a model", isQuery: true,
      documentation:
        "Reads a table of data, comma-separated values (RFC 4180) with a line of column names; or a model: PRISM's language, or states and transitions in PRISM's .tra files (with .lab, .sta, .srew, .trew beside), Storm's .drn, UMB's .umb, NumPy's .npz or a .pomdp file with its states seen; or a causal graph: Graphviz's .dot, DAGitty's .dag or .txt.",
      example: "read(\"card.csv\")"
    ) { call in
      let path = try path(call, "path")
      let ending = SavedFile.fileExtension(path)
      guard readableEndings.contains(ending) else {
        throw call.fault(
          ending.isEmpty
            ? "`\(path)` has no ending that says what it is" : "`.\(ending)` is not a format that `read` understands",
          at: "path", notes: ["it reads \(readableEndings.map { ".\($0)" }.joined(separator: ", "))"])
      }
      if PrismFile.isPrism(path) { return try prismModel(call, path: path, core: core) }
      if ExplicitFile.isExplicit(path) { return try explicitModel(call, path: path, core: core) }
      if graphEndings.contains(ending) { return try causalGraph(call, path: path, core: core) }
      if let (label, argument) = call.labelled.first {
        let nearest = Spelling.nearest(label, in: ["path", "separator", "header", "missing", "types"])
        throw DiagnosticError(
          .error(
            "`read` has no argument `\(label)` for a table", at: argument.span,
            label: nearest.map { "did you mean `\($0)`?" } ?? ""))
      }
      let reader = try csvReader(call)
      do throws(DataFileError) {
        var table = try reader.read(path: core.pathBesideProgram(path, call.span(of: "path") ?? call.span))
        table.name = path
        return .object(table)
      } catch {
        throw fault(call, error, path: path)
      }
    }
  }

  static func fault(_ call: NativeCall, _ error: DataFileError, path: String) -> DiagnosticError {
    var error = error
    error.file = path
    let isMissing = error.line == nil && error.problem == "there is no such file"
    return call.fault(
      isMissing ? "there is no file `\(path)`" : error.description, at: "path",
      notes: error.notes + (isMissing ? ["paths are relative to the program's file"] : []))
  }

  private static func csvReader(_ call: NativeCall) throws -> CSVReader {
    var reader = CSVReader()
    reader.hasHeader = try boolean(call, "header") ?? true
    if let given = call["separator"] {
      guard case .string(let text) = given.value, let byte = text.utf8.first, text.utf8.count == 1, byte < 128,
        !["\"", "\n", "\r"].contains(text)
      else { throw call.fault("`separator` is one character, such as \";\" or \"\\t\"", at: "separator") }
      reader.separator = byte
    }
    if let given = call["missing"] {
      guard case .array(let values) = given.value else {
        throw call.fault("`missing` is an array of strings, such as [\"NA\", \".\"]", at: "missing")
      }
      reader.missing = try values.map { value in
        guard case .string(let text) = value else {
          throw call.fault("`missing` is an array of strings, and this has \(value.kindDescription)", at: "missing")
        }
        return text
      }
    }
    if let given = call["types"] {
      guard case .record(let fields) = given.value else {
        throw call.fault("`types` names columns with their types, as in `(zip: String, age: Int)`", at: "types")
      }
      for field in fields { reader.kinds[field.name] = try kind(call, field.value) }
    }
    return reader
  }

  private static func kind(_ call: NativeCall, _ value: Value) throws -> DataColumn.Kind {
    switch value {
    case .type(.boolean): return .boolean
    case .type(.integer): return .integer
    case .type(.real): return .real
    case .type(.string): return .text
    default:
      throw call.fault("the type of a column is Bool, Int, Real or String, and this is \(value.kindDescription)", at: "types")
    }
  }
}
