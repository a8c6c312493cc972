import AleaData
import AleaModel

/// A variable of the valuations of states.
private struct UMBVariable {
  let name: String
  let type: UMBType
  let offset: Int
  /// Where the value stands in the bits of a valuation.
  let place: Int
  /// Where the bit stands that says whether there is a value; nil where there always is one.
  let presence: Int?
}

/// The variables of a valuation, whose bits follow each other.
private struct UMBLayout {
  var variables: [UMBVariable] = []
  var bits = 0

  init(_ description: JSONValue, file: String) throws(DataFileError) {
    guard case .array(let entries)? = description["variables"] else {
      throw DataFileError(file: file, "a class of valuations has no `variables`")
    }
    for entry in entries {
      if let padding = entry["padding"] {
        guard case .integer(let count) = padding, count > 0, count < 1 << 20 else {
          throw DataFileError(file: file, "`padding` is \(padding.text), not a number of bits")
        }
        bits += count
        continue
      }
      guard case .string(let name)? = entry["name"] else { throw DataFileError(file: file, "a variable of states has no name") }
      let type = try UMBType(entry["type"], "the variable `\(name)`", file: file)
      var presence: Int?
      if entry["is-optional"] == .boolean(true) {
        presence = bits
        bits += 1
      }
      var offset = 0
      if case .integer(let given)? = entry["offset"] { offset = given }
      variables.append(UMBVariable(name: name, type: type, offset: offset, place: bits, presence: presence))
      bits += type.size
    }
    guard bits % 8 == 0 else {
      throw DataFileError(file: file, "the variables of a state take \(bits) bits, not a multiple of 8")
    }
  }
}

extension UMBParts {
  /// Makes the variables of states those of the model: Booleans, integers, numbers of few values, and numbered texts.
  func addVariables(to model: inout ExplicitModel) throws(DataFileError) {
    guard let description = index.valuations.first(where: { $0.name == "states" })?.value else { return }
    guard case .array(let classes)? = description["classes"], !classes.isEmpty else {
      throw fault("the valuations of states have no `classes`")
    }
    guard classes.count == 1 else {
      model.warnings.append("states have variables of \(classes.count) classes: they are left out, and states are numbered")
      return
    }
    let layout = try UMBLayout(classes[0], file: file)
    guard !layout.variables.isEmpty,
      let bytes = try bytes("valuations/states/valuations.bin", count: index.states, size: layout.bits / 8, of: "states")
    else { return }
    var names: [String] = []
    if layout.variables.contains(where: { $0.type.name == "string" }) {
      guard case .integer(let count)? = description["#strings"], count >= 0, count < Int(Int32.max),
        let strings = try strings("valuations/states/", count: count, of: "texts")
      else { throw fault("the texts of the variables of states are missing") }
      names = strings
    }
    var held: [(variable: (name: String, domain: Domain), positions: Column<Int32>)] = []
    for variable in layout.variables {
      let values = UMBValues(bytes, stride: layout.bits, variable, count: index.states)
      switch values.column(names, &model.warnings) {
      case .held(let domain, let positions): held.append(((variable.name, domain), positions))
      case .leftOut(let why): model.warnings.append("the variable `\(variable.name)` of states is left out: \(why)")
      }
    }
    guard !held.isEmpty else { return }
    model.variables = held.map(\.variable)
    let width = held.count
    model.positions = Column(repeating: 0, count: width * index.states)
    let table = model.positions.pointer
    for (index, part) in held.enumerated() {
      for state in 0..<self.index.states { table[state &* width &+ index] = part.positions.pointer[state] }
    }
  }
}

/// The values of a variable in every state.
private struct UMBValues {
  enum Result {
    case held(Domain, Column<Int32>)
    case leftOut(String)
  }

  let bytes: UnsafeRawBufferPointer
  let stride: Int
  let variable: UMBVariable
  let count: Int

  init(_ bytes: UnsafeRawBufferPointer, stride: Int, _ variable: UMBVariable, count: Int) {
    self.bytes = bytes
    self.stride = stride
    self.variable = variable
    self.count = count
  }

  /// The bits of a value of at most 64.
  private func word(_ state: Int, at place: Int, size: Int) -> UInt64 {
    let first = state &* stride &+ place
    let byte = first >> 3
    let shift = UInt64(first & 7)
    var word: UInt64 = 0
    if byte &+ 8 <= bytes.count {
      word = bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self).littleEndian >> shift
    } else {
      for offset in 0..<(bytes.count &- byte) { word |= UInt64(bytes[byte &+ offset]) << UInt64(8 &* offset) }
      word >>= shift
    }
    if shift > 0, Int(shift) &+ size > 64, byte &+ 8 < bytes.count { word |= UInt64(bytes[byte &+ 8]) << (64 &- shift) }
    return size < 64 ? word & (1 << UInt64(size) &- 1) : word
  }

  func column(_ texts: [String], _ warnings: inout [String]) -> Result {
    if let presence = variable.presence, let state = (0..<count).first(where: { word($0, at: presence, size: 1) == 0 }) {
      return .leftOut("it has no value in state \(state)")
    }
    switch variable.type.name {
    case "bool" where variable.type.size <= 64:
      return .held(.boolean, filled { word($0, at: variable.place, size: variable.type.size) == 0 ? 0 : 1 })
    case "int" where variable.type.size <= 64, "uint" where variable.type.size <= 64: return integers()
    case "double" where variable.type.size == 64: return numbers()
    case "string" where variable.type.size == 64: return numbered(texts, &warnings)
    default: return .leftOut("its type is \(variable.type.name) of \(variable.type.size) bits")
    }
  }

  private func filled(_ position: (Int) -> Int32) -> Column<Int32> {
    let result = Column<Int32>(repeating: 0, count: count)
    let target = result.pointer
    for state in 0..<count { target[state] = position(state) }
    return result
  }

  private func integers() -> Result {
    let (size, place, isSigned) = (variable.type.size, variable.place, variable.type.name == "int")
    let unused = UInt64(64 - size)
    func value(_ state: Int) -> Int64? {
      let word = word(state, at: place, size: size)
      if isSigned { return Int64(bitPattern: word << unused) >> Int64(unused) }
      return word > UInt64(Int64.max) ? nil : Int64(word)
    }
    var (low, high) = (Int64.max, Int64.min)
    for state in 0..<count {
      guard let value = value(state) else { return .leftOut("its values are too large") }
      low = min(low, value)
      high = max(high, value)
    }
    let (span, isFar) = high.subtractingReportingOverflow(low)
    let offset = Int64(variable.offset)
    let (first, isLow) = low.addingReportingOverflow(offset)
    let (last, isHigh) = high.addingReportingOverflow(offset)
    guard !isFar, !isLow, !isHigh, span < Int64(Int32.max), max(first.magnitude, last.magnitude) < 1 << 53 else {
      return .leftOut("its values are too large")
    }
    return .held(
      .range(Int(first), Int(last)), filled { Int32(truncatingIfNeeded: (value($0) ?? low) &- low) })
  }

  private static let mostNumbers = 1 << 16

  private func numbers() -> Result {
    var places: [Double: Int32] = [:]
    for state in 0..<count {
      let value = Double(bitPattern: word(state, at: variable.place, size: 64))
      guard value.isFinite else { return .leftOut("it is \(value) in state \(state)") }
      places[value] = 0
      if places.count > Self.mostNumbers { return .leftOut("it has more than \(Self.mostNumbers) values that are not integers") }
    }
    let sorted = places.keys.sorted()
    for (index, value) in sorted.enumerated() { places[value] = Int32(index) }
    return .held(
      .numbers(sorted), filled { places[Double(bitPattern: word($0, at: variable.place, size: 64))] ?? 0 })
  }

  private func numbered(_ texts: [String], _ warnings: inout [String]) -> Result {
    guard (0..<count).allSatisfy({ word($0, at: variable.place, size: 64) < UInt64(texts.count) }) else {
      return .leftOut("it has values that are not among the \(texts.count) texts of the file")
    }
    let shown = texts.prefix(20).enumerated().map { "\($0) = \($1)" }.joined(separator: ", ")
    warnings.append("the values of `\(variable.name)` are numbered: \(shown)\(texts.count > 20 ? ", ..." : "")")
    return .held(
      .range(0, texts.count - 1), filled { Int32(truncatingIfNeeded: word($0, at: variable.place, size: 64)) })
  }
}
