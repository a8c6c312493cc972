import AleaTerminal
@preconcurrency import CReadline
import Glibc

/// What was entered, kept between sessions in `$XDG_STATE_HOME/alea/history`, one entry once.
///
/// The file has an entry a line, with line ends inside an entry written as `\n` and backslashes doubled.
struct History {
  private(set) var entries: [String] = []
  private let path: String?
  private static let limit = 5_000
  /// Longer entries are not worth keeping.
  private static let longest = 100_000

  init() {
    path = Self.folder().map { $0 + "/history" }
    guard let path, let file = fopen(path, "r") else { return }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0 {
      guard let line else { break }
      let text = String(cString: line)
      insert(Self.decode(text.hasSuffix("\n") ? String(text.dropLast()) : text))
    }
    for entry in entries { add_history(entry) }
  }

  private static func folder() -> String? {
    func variable(_ name: String) -> String? {
      guard let value = getenv(name), value.pointee != 0 else { return nil }
      return String(cString: value)
    }
    guard let state = variable("XDG_STATE_HOME") ?? variable("HOME").map({ $0 + "/.local/state" }) else { return nil }
    var path = ""
    for part in (state + "/alea").split(separator: "/") {
      path += "/" + part
      mkdir(path, 0o700)
    }
    return access(path, W_OK) == 0 ? path : nil
  }

  private mutating func insert(_ entry: String) {
    entries.removeAll { $0 == entry }
    entries.append(entry)
    if entries.count > Self.limit { entries.removeFirst() }
  }

  mutating func add(_ entry: String) {
    guard !entry.isEmpty, entry.utf8.count <= Self.longest else { return }
    insert(entry)
    clear_history()
    for entry in entries { add_history(entry) }
    save()
  }

  /// Written beside and moved into place: a prompt that ends half way leaves the old file.
  private func save() {
    guard let path else { return }
    let beside = path + ".\(getpid())"
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    Terminal.write(entries.map { Self.encode($0) + "\n" }.joined(), to: descriptor)
    close(descriptor)
    rename(beside, path)
  }

  private static func encode(_ entry: String) -> String {
    entry.reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\\\"
      case "\n", "\r\n": text += "\\n"
      default: text.append(character)
      }
    }
  }

  private static func decode(_ line: String) -> String {
    var text = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        text.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
      }
    }
    return text
  }
}
