import Glibc

/// Reads program texts from files, standard input and the library.
final class SourceLoader: ModuleLoader {
  private(set) var sources = SourceMap()

  /// Whether there is a file to read.
  static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

  func add(text: String, name: String) -> SourceFile { sources.add(name: name, bytes: Array(text.utf8)) }

  /// Reads a file; `-` is standard input.
  func read(_ path: String) throws -> SourceFile {
    if path == "-" { return sources.add(name: "<standard input>", bytes: Self.drain(STDIN_FILENO)) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw DiagnosticError(.error("there is no file `\(path)`", at: nil)) }
      throw DiagnosticError(.error("cannot read `\(path)`: \(String(cString: strerror(errno)))", at: nil))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      throw DiagnosticError(.error("cannot read `\(path)`: it is a directory", at: nil))
    }
    guard status.st_size < 1 << 30 else {
      throw DiagnosticError(.error("cannot read `\(path)`: programs are smaller than 1 GiB", at: nil))
    }
    return sources.add(name: path, bytes: Self.drain(descriptor))
  }

  private static func drain(_ descriptor: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return result }
      result.append(contentsOf: buffer[0..<count])
    }
  }

  // MARK: Imports

  var moduleNames: [String] { StandardLibrary.names }

  func module(_ name: String) -> SourceFile? {
    StandardLibrary.text(of: name).map { sources.add(name: "std.\(name)", bytes: $0) }
  }

  func file(_ path: String, from importer: FileID) throws -> SourceFile {
    let resolved = self.path(path, from: importer)
    do {
      return try read(resolved)
    } catch let error as DiagnosticError {
      let message = access(resolved, F_OK) != 0 ? "there is no file `\(path)`" : error.diagnostics.first?.message
      throw ValueError(message ?? "cannot read `\(path)`", notes: ["paths are relative to the file that imports"])
    }
  }

  /// A path as a program writes it, relative to the folder that the program's file is in.
  func path(_ path: String, from file: FileID) -> String {
    if path.hasPrefix("/") { return path }
    let base = sources[file]?.name ?? ""
    return (base.lastIndex(of: "/").map { String(base[...$0]) } ?? "") + path
  }
}
