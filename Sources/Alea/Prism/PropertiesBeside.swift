import AleaSemantics
import Glibc

/// The files of properties that stand beside a model, so that a property can be asked for by its name alone.
///
/// Those that begin as the model does (`consensus.props` of `consensus.2.prism`); where none does, all of its folder.
struct PropertiesBeside {
  static let endings = ["props", "prctl", "pctl", "csl", "ltl"]

  /// In alphabetical order.
  let paths: [String]

  init(model path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let beginning = Self.beginning(path)
    let names = Self.names(in: folder.isEmpty ? "." : folder).filter { Self.endings.contains(SavedFile.fileExtension($0)) }
    let own = names.filter { Self.beginning($0) == beginning }
    paths = (own.isEmpty ? names : own).map { folder + $0 }
  }

  /// The file's name up to its first dot.
  private static func beginning(_ path: String) -> Substring {
    let name = path.split(separator: "/").last ?? ""
    return name.prefix { $0 != "." }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      result.append(
        withUnsafePointer(to: &entry.pointee.d_name) { String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
      )
    }
    return result.sorted()
  }

  /// The property of a name with the file that has it.
  ///
  /// - Throws: `DiagnosticError` when several files have one, or none has; where one of them cannot be read, why.
  func property(
    _ name: String, at span: SourceSpan?, read: (String) throws -> SourceFile
  ) throws -> (file: PropertyFile, property: PrismProperties.Property) {
    var files: [PropertyFile] = []
    var failure: (any Error)?
    for path in paths {
      do { files.append(try PropertyFile(read(path))) } catch { failure = failure ?? error }
    }
    let found = files.filter { $0.names.contains(name) }
    if found.count > 1 {
      throw DiagnosticError(
        .error(
          "several files beside the model have a property \"\(name)\": \(Self.list(found))", at: span,
          notes: ["say which file: `properties:` in a program, FILE:name on the command line"]))
    }
    if let file = found.first, let property = file.property(name) { return (file, property) }
    // The name may stand in the one that cannot be read.
    if let failure { throw failure }
    let names = files.flatMap(\.names)
    let nearest = Spelling.nearest(name, in: names).map { "did you mean `\($0)`?" }
    let known =
      names.isEmpty ? "no file of properties stands beside the model" : "the files beside the model have \(Self.list(names))"
    throw DiagnosticError(
      .error(
        "`\(name)` is not a property", at: span, label: nearest ?? "",
        notes: (span == nil ? nearest.map { [$0] } ?? [] : []) + [
          known, "a file elsewhere is named by `properties:` in a program, as FILE:name on the command line",
          "or write the property itself, as in \"P=? [ F x=1 ]\"",
        ]))
  }

  private static func list(_ files: [PropertyFile]) -> String { files.map { "`\($0.source.name)`" }.joined(separator: ", ") }

  private static func list(_ names: [String]) -> String {
    names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
  }
}
