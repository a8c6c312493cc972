import AleaData
import AleaModel

/// Models in UMB, the unified Markov binary format that Storm, PRISM and Modest exchange: dtmc, ctmc and mdp.
///
/// An archive of `tar`, as it is or compressed by gzip, with a description `index.json` and an array a file. Probabilities, rates and
/// rewards are doubles or quotients of integers (read as the nearest doubles); of the valuations of states Booleans and integers
/// become variables. What a model of states and transitions cannot hold is named: in a warning where it is left out, in an error where
/// the model would be another one without it.
///
/// Source: "Specification of the UMB Format", version 1 (github.com/pmc-tools/umb).
public enum UMBReader {
  /// - Throws: ``DataFileError`` that names the file of the archive and the entry that is wrong.
  /// - Complexity: O(size of the file); the rows are copied in one pass.
  public static func read(_ bytes: UnsafeRawBufferPointer, file: String, name: String) throws(DataFileError) -> ExplicitModel {
    if TarArchive.isArchive(bytes) { return try archive(bytes, file: file, name: name) }
    if Inflate.isGzip(bytes) {
      let content = try Inflate.gzip(bytes, file: file)
      defer { withExtendedLifetime(content) {} }
      let inner = UnsafeRawBufferPointer(start: content.pointer, count: content.count)
      guard TarArchive.isArchive(inner) else {
        throw DataFileError(file: file, "what is compressed here is not an archive of tar")
      }
      return try archive(inner, file: file, name: name)
    }
    if zip([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00] as [UInt8], bytes).allSatisfy({ $0 == $1 }), bytes.count > 6 {
      throw DataFileError(
        file: file, "the archive is compressed by xz, which is not read",
        notes: ["unpack it with `xz --decompress --suffix=.umb`, or write it with gzip or without compression"])
    }
    throw DataFileError(
      file: file, "this is not a model in UMB", notes: ["UMB files are archives of tar, as they are or compressed by gzip"])
  }

  private static func archive(_ bytes: UnsafeRawBufferPointer, file: String, name: String) throws(DataFileError) -> ExplicitModel
  {
    let members = try TarArchive.members(bytes, file: file)
    guard let index = members["index.json"] else { throw DataFileError(file: file, "the archive has no file `index.json`") }
    let document = try JSONValue.reading(index, file: file + "/index.json")
    let parts = UMBParts(file: file, members: members, index: try UMBIndex(document, file: file))
    guard ReadingLimit.allows(columns: parts.index.annotations.count, states: parts.index.states, bytes: bytes.count) else {
      throw parts.fault("\(parts.index.annotations.count) annotations of \(parts.index.states) states are more than are read")
    }
    var model = try UMBRows(parts).model(name: name)
    try parts.addLabels(to: &model)
    try parts.addRewards(to: &model)
    try parts.addVariables(to: &model)
    parts.nameWhatIsLeftOut(&model)
    model.start(in: try parts.initialStates())
    return model
  }
}

/// The arrays of an archive and their description.
struct UMBParts {
  let file: String
  let members: [String: UnsafeRawBufferPointer]
  let index: UMBIndex

  func fault(_ problem: String, notes: [String] = []) -> DataFileError { DataFileError(file: file, problem, notes: notes) }

  /// A file of `count` entries of `size` bytes; nil where it is left out.
  func bytes(_ name: String, count: Int, size: Int, of what: String) throws(DataFileError) -> UnsafeRawBufferPointer? {
    guard let bytes = members[name] else { return nil }
    guard bytes.count == count * size else {
      throw fault("`\(name)` has \(bytes.count) bytes, and \(count) \(what) need \(count * size)")
    }
    return bytes
  }

  /// A set of states (or others) in a bit each; nil where it is left out.
  func bits(_ name: String, count: Int, of what: String) throws(DataFileError) -> Column<UInt8>? {
    guard let bytes = members[name] else { return nil }
    let needed = (count + 63) / 64 * 8
    guard bytes.count == needed else {
      throw fault("`\(name)` has \(bytes.count) bytes, and a bit for each of \(count) \(what) needs \(needed)")
    }
    let flags = Column<UInt8>(repeating: 0, count: count)
    for index in 0..<count { flags.pointer[index] = bytes[index >> 3] >> UInt8(index & 7) & 1 }
    return flags
  }

  /// Where the entries of each of `count` start, `count + 1` of them, rising from 0 to `end`; left out, each has one.
  func starts(_ name: String, count: Int, of what: String, end: Int, _ entries: String) throws(DataFileError) -> Column<UInt32> {
    let result = Column<UInt32>(capacity: count + 1)
    let target = result.reserve(count + 1)
    guard let bytes = try bytes(name, count: count + 1, size: 8, of: "\(what) and the end") else {
      guard count == end else { throw fault("there is no file `\(name)`, and \(count) \(what) have \(end) \(entries)") }
      for index in 0...count { target[index] = UInt32(index) }
      result.commit(count + 1)
      return result
    }
    var last: UInt64 = 0
    for index in 0...count {
      let value = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self).littleEndian
      guard value >= last, value <= UInt64(end), index > 0 || value == 0 else {
        throw fault("entry \(index) of `\(name)` is \(value): the entries rise from 0 to \(end)")
      }
      last = value
      target[index] = UInt32(truncatingIfNeeded: value)
    }
    guard last == UInt64(end) else { throw fault("`\(name)` ends with \(last), and there are \(end) \(entries)") }
    result.commit(count + 1)
    return result
  }

  /// Real numbers; nil where the file is left out.
  func reals(_ name: String, _ type: UMBType, count: Int, of what: String) throws(DataFileError) -> Column<Double>? {
    guard let bytes = try bytes(name, count: count, size: type.size / 8, of: what) else { return nil }
    let result = Column<Double>(capacity: count)
    let target = result.reserve(count)
    if type.name == "double" {
      for index in 0..<count {
        let value = Double(
          bitPattern: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self).littleEndian)
        guard value.isFinite else { throw fault("entry \(index) of `\(name)` is \(value), not a finite number") }
        target[index] = value
      }
    } else {
      let size = type.size / 8
      for index in 0..<count {
        guard let value = Self.quotient(.init(rebasing: bytes[(index * size)..<((index + 1) * size)])), value.isFinite else {
          throw fault("entry \(index) of `\(name)` is not a quotient of two integers")
        }
        target[index] = value
      }
    }
    result.commit(count)
    return result
  }

  /// A signed numerator before an unsigned denominator of the same length; nil where that is 0.
  private static func quotient(_ bytes: UnsafeRawBufferPointer) -> Double? {
    let half = bytes.count / 2
    var (top, bottom) = (Array(bytes[..<half]), Array(bytes[half...]))
    let isNegative = top[half - 1] & 0x80 != 0
    if isNegative {
      var carry = 1
      for index in 0..<half {
        carry += Int(~top[index])
        top[index] = UInt8(truncatingIfNeeded: carry)
        carry >>= 8
      }
    }
    while top.last == 0 { top.removeLast() }
    while bottom.last == 0 { bottom.removeLast() }
    guard !bottom.isEmpty else { return nil }
    // The ten highest bytes of each are more than a double tells apart.
    func leading(_ digits: [UInt8]) -> Double { digits.suffix(10).reversed().reduce(0) { $0 * 256 + Double($1) } }
    let shift = 8 * (max(0, top.count - 10) - max(0, bottom.count - 10))
    let value = leading(top) / leading(bottom)
    let scaled = shift == 0 ? value : Double(sign: .plus, exponent: max(-2000, min(2000, shift)), significand: value)
    return isNegative ? -scaled : scaled
  }

  func choiceStarts() throws(DataFileError) -> Column<UInt32> {
    try starts("state-to-choices.bin", count: index.states, of: "states", end: index.choices, "choices")
  }

  func branchStarts() throws(DataFileError) -> Column<UInt32> {
    try starts("choice-to-branches.bin", count: index.choices, of: "choices", end: index.branches, "branches")
  }

  /// The probability of each branch; nil in a system without any.
  func probabilities() throws(DataFileError) -> Column<Double>? {
    guard let type = index.probabilityType else { return nil }
    guard let result = try reals("branch-to-probability.bin", type, count: index.branches, of: "branches") else {
      throw fault("the archive has no file `branch-to-probability.bin`")
    }
    return result
  }

  /// The texts of a file of strings.
  func strings(_ folder: String, count: Int, of what: String) throws(DataFileError) -> [String]? {
    guard let bytes = members[folder + "strings.bin"] else { return nil }
    // Texts that are not told apart by a mapping have a byte each.
    let starts = try starts(folder + "string-mapping.bin", count: count, of: what, end: bytes.count, "bytes")
    return (0..<count).map { String(decoding: bytes[Int(starts[$0])..<Int(starts[$0 + 1])], as: UTF8.self) }
  }

  /// The states that the model starts in.
  func initialStates() throws(DataFileError) -> [Int32] {
    let states = try bits("state-is-initial.bin", count: index.states, of: "states").map(ExplicitModel.states) ?? []
    guard !states.isEmpty else {
      throw fault("no state is an initial one: the model has no start", notes: ["`state-is-initial.bin` says which states are"])
    }
    return states
  }
}
