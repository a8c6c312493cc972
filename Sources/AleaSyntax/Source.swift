/// Identifies one source text within a ``SourceMap``.
public struct FileID: Hashable, Codable, Sendable {
  public var index: Int32
  public init(index: Int32) { self.index = index }
}

/// A half-open range of UTF-8 offsets in one source text.
public struct SourceSpan: Hashable, Codable, Sendable {
  public var file: FileID
  public var start: Int32
  public var end: Int32

  public init(file: FileID, start: Int32, end: Int32) {
    self.file = file
    self.start = start
    self.end = end
  }

  /// The smallest span that covers both; the receiver's file wins when they differ.
  public func union(_ other: SourceSpan) -> SourceSpan {
    guard other.file == file else { return self }
    return SourceSpan(file: file, start: min(start, other.start), end: max(end, other.end))
  }
}

/// One source text with its line table.
public struct SourceFile: Sendable {
  public let id: FileID
  /// The path as the user wrote it, or a name in angle brackets for text that is not in a file.
  public let name: String
  public let bytes: [UInt8]
  /// The offset at which each line begins.
  public let lineStarts: [Int32]

  public init(id: FileID, name: String, bytes: [UInt8]) {
    self.id = id
    self.name = name
    self.bytes = bytes
    var starts: [Int32] = [0]
    bytes.withUnsafeBufferPointer { buffer in
      for index in buffer.indices where buffer[index] == UInt8(ascii: "\n") { starts.append(Int32(index + 1)) }
    }
    lineStarts = starts
  }

  public init(id: FileID, name: String, text: String) {
    self.init(id: id, name: name, bytes: Array(text.utf8))
  }

  /// The line and column of an offset, both counted from 1; the column counts Unicode scalars.
  ///
  /// - Complexity: O(log lines + length of the line).
  public func position(of offset: Int32) -> (line: Int, column: Int) {
    let bounded = max(0, min(offset, Int32(bytes.count)))
    var low = 0
    var high = lineStarts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if lineStarts[middle] <= bounded { low = middle } else { high = middle - 1 }
    }
    var column = 1
    for byte in bytes[Int(lineStarts[low])..<Int(bounded)] where byte & 0xC0 != 0x80 { column += 1 }
    return (low + 1, column)
  }

  /// The text of a line (counted from 1) without its line ending; broken UTF-8 is repaired for display.
  public func text(ofLine line: Int) -> String {
    guard line >= 1, line <= lineStarts.count else { return "" }
    let start = Int(lineStarts[line - 1])
    var end = line < lineStarts.count ? Int(lineStarts[line]) - 1 : bytes.count
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }

  /// The text a span covers.
  public func text(in span: SourceSpan) -> String {
    let start = max(0, min(Int(span.start), bytes.count))
    let end = max(start, min(Int(span.end), bytes.count))
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}

/// The source texts of one compilation.
public struct SourceMap: Sendable {
  public private(set) var files: [SourceFile] = []

  public init() {}

  /// Adds a text and gives it an identity.
  public mutating func add(name: String, bytes: [UInt8]) -> SourceFile {
    let file = SourceFile(id: FileID(index: Int32(files.count)), name: name, bytes: bytes)
    files.append(file)
    return file
  }

  public subscript(id: FileID) -> SourceFile? {
    files.indices.contains(Int(id.index)) ? files[Int(id.index)] : nil
  }
}
