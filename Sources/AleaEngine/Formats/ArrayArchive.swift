import AleaData
import AleaModel

/// Models in NumPy's archives of arrays (`np.savez`, `np.savez_compressed`): compressed rows under fixed names.
///
/// - `choice_start` (states + 1): the choices of state `s` are `choice_start[s] ..< choice_start[s + 1]`
/// - `transition_start` (choices + 1), `successor`, `probability`: the transitions of each choice
/// - `reward` or `reward_NAME` (choices), `state_reward` or `state_reward_NAME` (states)
/// - `label_NAME` (states): nonzero where the label holds; `initial` (states): the starting law, state 0 when left out
/// - `action` (choices): numbers of actions; `rate` (states): the model is a ctmc, and these are its exit rates
/// - `discount` (one number): rewards are discounted
///
/// Source: NumPy, "The NPY format" version 1.0 to 3.0, in ZIP archives, their members as they are or compressed.
public enum ArrayArchive {
  /// - Throws: ``DataFileError`` that names the array and the entry that is wrong.
  public static func model(_ bytes: UnsafeRawBufferPointer, file: String, name: String) throws(DataFileError) -> ExplicitModel {
    try Reader(bytes: bytes, file: file).model(name: name)
  }

  /// An array of the archive: its bytes and how to read them.
  private struct Array {
    enum Element { case signed(Int), unsigned(Int), real(Int), boolean }
    var element: Element
    var count: Int
    var data: UnsafeRawBufferPointer
    /// What holds the data where they were compressed.
    var owner: Column<UInt8>?

    var size: Int {
      switch element {
      case .signed(let size), .unsigned(let size), .real(let size): size
      case .boolean: 1
      }
    }

    func number(_ index: Int) -> Double {
      let place = index * size
      switch element {
      case .signed(1): return Double(data.loadUnaligned(fromByteOffset: place, as: Int8.self))
      case .signed(2): return Double(data.loadUnaligned(fromByteOffset: place, as: Int16.self))
      case .signed(4): return Double(data.loadUnaligned(fromByteOffset: place, as: Int32.self))
      case .signed: return Double(data.loadUnaligned(fromByteOffset: place, as: Int64.self))
      case .unsigned(1), .boolean: return Double(data.loadUnaligned(fromByteOffset: place, as: UInt8.self))
      case .unsigned(2): return Double(data.loadUnaligned(fromByteOffset: place, as: UInt16.self))
      case .unsigned(4): return Double(data.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      case .unsigned: return Double(data.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      case .real(4): return Double(data.loadUnaligned(fromByteOffset: place, as: Float.self))
      case .real: return data.loadUnaligned(fromByteOffset: place, as: Double.self)
      }
    }
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    let file: String

    func fault(_ problem: String, notes: [String] = []) -> DataFileError { DataFileError(file: file, problem, notes: notes) }

    func integer(at place: Int, size: Int) throws(DataFileError) -> Int {
      guard place >= 0, place <= bytes.count - size else { throw fault("the archive is cut short") }
      var value = 0
      for index in 0..<size { value |= Int(bytes[place + index]) << (8 * index) }
      return value
    }

    // MARK: The archive

    /// The members by name, from the directory at the end of the archive.
    func arrays() throws(DataFileError) -> [String: Array] {
      var end = bytes.count - 22
      let lowest = max(0, bytes.count - 65_600)
      while end >= lowest, try integer(at: end, size: 4) != 0x0605_4b50 { end -= 1 }
      guard end >= lowest else { throw fault("this is not an archive of arrays", notes: ["write one with `numpy.savez`"]) }
      let count = try integer(at: end + 10, size: 2)
      var place = try integer(at: end + 16, size: 4)
      var result: [String: Array] = [:]
      for _ in 0..<count {
        guard try integer(at: place, size: 4) == 0x0201_4b50 else { throw fault("the directory of the archive is broken") }
        let method = try integer(at: place + 10, size: 2)
        let length = try integer(at: place + 24, size: 4)
        let (nameLength, extra) = (try integer(at: place + 28, size: 2), try integer(at: place + 30, size: 2))
        let (comment, header) = (try integer(at: place + 32, size: 2), try integer(at: place + 42, size: 4))
        guard place + 46 + nameLength <= bytes.count else { throw fault("the archive is cut short") }
        var name = String(decoding: bytes[(place + 46)..<(place + 46 + nameLength)], as: UTF8.self)
        if name.hasSuffix(".npy") { name.removeLast(4) }
        guard method == 0 || method == 8 else {
          throw fault("the array `\(name)` is compressed in a way that is not read", notes: ["write it with `numpy.savez`"])
        }
        let stored = try method == 0 ? length : integer(at: place + 20, size: 4)
        guard length < 0xFFFF_FFFF else { throw fault("the array `\(name)` is larger than 4 GiB") }
        let body = try header + 30 + integer(at: header + 26, size: 2) + integer(at: header + 28, size: 2)
        guard body >= 0, body + stored <= bytes.count else { throw fault("the archive is cut short in the array `\(name)`") }
        let data = UnsafeRawBufferPointer(rebasing: bytes[body..<(body + stored)])
        if method == 0 {
          result[name] = try array(name, data)
        } else {
          let owner = try Inflate.raw(data, file: file)
          guard owner.count == length else { throw fault("the array `\(name)` is not as long as the archive says") }
          result[name] = try array(name, UnsafeRawBufferPointer(start: owner.pointer, count: owner.count))
          result[name]?.owner = owner
        }
        place += 46 + nameLength + extra + comment
      }
      return result
    }

    func array(_ name: String, _ data: UnsafeRawBufferPointer) throws(DataFileError) -> Array {
      let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
      guard data.count >= 12, zip(magic, data).allSatisfy({ $0 == $1 }) else { throw fault("`\(name)` is not an array of NumPy") }
      let isLong = data[6] >= 2
      let start = isLong ? 12 : 10
      var length = Int(data[8]) | Int(data[9]) << 8
      if isLong { length |= Int(data[10]) << 16 | Int(data[11]) << 24 }
      guard start + length <= data.count else { throw fault("the head of the array `\(name)` is cut short") }
      let head = String(decoding: data[start..<(start + length)], as: UTF8.self)
      func value(_ key: String) -> Substring? {
        guard let place = head.range(of: "'\(key)'") else { return nil }
        return head[place.upperBound...].drop { $0 == ":" || $0 == " " }
      }
      guard let described = value("descr"), let shape = value("shape") else {
        throw fault("the head of the array `\(name)` is not understood")
      }
      let type = String(described.dropFirst().prefix { $0 != "'" && $0 != "\"" })
      let sizes = shape.dropFirst().prefix { $0 != ")" }.split(separator: ",").map { $0.filter { $0 != " " } }.filter {
        !$0.isEmpty
      }
      let numbers = sizes.compactMap { Int($0) }
      guard numbers.count == sizes.count, numbers.count <= 1 else {
        throw fault("the array `\(name)` has more than one dimension")
      }
      let element: Array.Element
      switch type {
      case "<i8", "<i4", "<i2", "|i1": element = .signed(Int(type.dropFirst(2)) ?? 8)
      case "<u8", "<u4", "<u2", "|u1": element = .unsigned(Int(type.dropFirst(2)) ?? 8)
      case "<f8", "<f4": element = .real(Int(type.dropFirst(2)) ?? 8)
      case "|b1": element = .boolean
      default:
        throw fault("the array `\(name)` has elements of type `\(type)`", notes: ["integers, reals and Booleans are read"])
      }
      let body = UnsafeRawBufferPointer(rebasing: data[(start + length)...])
      let array = Array(element: element, count: numbers.first ?? 1, data: body)
      guard array.count >= 0, array.count <= body.count / array.size else { throw fault("the array `\(name)` is cut short") }
      return array
    }

    // MARK: The model

    func required(_ name: String, in arrays: [String: Array]) throws(DataFileError) -> Array {
      guard let array = arrays[name] else {
        throw fault(
          "there is no array `\(name)`",
          notes: ["a model has `choice_start`, `transition_start`, `successor` and `probability`"])
      }
      return array
    }

    /// An array of starts: rising whole numbers from 0 to `end`.
    func starts(_ name: String, in arrays: [String: Array], to end: Int?) throws(DataFileError) -> Column<Int> {
      let array = try required(name, in: arrays)
      guard array.count >= 2 else { throw fault("the array `\(name)` has fewer than two entries") }
      let result = Column<Int>(capacity: array.count)
      var last = 0.0
      for index in 0..<array.count {
        let value = array.number(index)
        guard value.rounded() == value, value >= last, value < 0x1p32, index > 0 || value == 0 else {
          throw fault("`\(name)[\(index)]` is \(RowBuilder.text(value)): the array rises from 0, in whole numbers")
        }
        last = value
        result.append(Int(value))
      }
      if let end, Int(last) != end { throw fault("`\(name)` ends with \(Int(last)), and there are \(end) entries it counts") }
      return result
    }

    func reals(_ name: String, _ array: Array, count: Int, of what: String) throws(DataFileError) -> Column<Double> {
      guard array.count == count else {
        throw fault("the array `\(name)` has \(array.count) entries, and there are \(count) \(what)")
      }
      let result = Column<Double>(capacity: count)
      for index in 0..<count {
        let value = array.number(index)
        guard value.isFinite else { throw fault("`\(name)[\(index)]` is not a finite number") }
        result.append(value)
      }
      return result
    }

    func model(name: String) throws(DataFileError) -> ExplicitModel {
      let arrays = try arrays()
      let successor = try required("successor", in: arrays)
      let transitionStart = try starts("transition_start", in: arrays, to: successor.count)
      let choices = transitionStart.count - 1
      let choiceStart = try starts("choice_start", in: arrays, to: choices)
      let states = choiceStart.count - 1
      guard ReadingLimit.allows(columns: arrays.count, states: states, bytes: bytes.count) else {
        throw fault("\(arrays.count) arrays of \(states) states are more than are read")
      }
      guard states < Int(Int32.max) else { throw fault("there are more than 2^31 states") }
      let probability = try reals("probability", required("probability", in: arrays), count: successor.count, of: "transitions")
      let rate: Column<Double>? =
        if let given = arrays["rate"] { try reals("rate", given, count: states, of: "states") } else { nil }
      let isChain = (0..<states).allSatisfy { choiceStart[$0 + 1] - choiceStart[$0] <= 1 }
      guard rate == nil || isChain else { throw fault("states of a ctmc (`rate` is given) have one choice at most") }
      let actions: Column<Double>? =
        if let given = arrays["action"] { try reals("action", given, count: choices, of: "choices") } else { nil }
      var names = NameTable()
      var rows = RowBuilder(rate != nil ? .ctmc : isChain && actions == nil ? .dtmc : .mdp)
      for state in 0..<states {
        if let rate, !(rate[state] > 0) { throw fault("`rate[\(state)]` is \(RowBuilder.text(rate[state])), not positive") }
        for choice in choiceStart[state]..<choiceStart[state + 1] {
          for transition in transitionStart[choice]..<transitionStart[choice + 1] {
            let next = successor.number(transition)
            guard next.rounded() == next, next >= 0, next < Double(states) else {
              throw fault("`successor[\(transition)]` is \(RowBuilder.text(next)): states are 0 to \(states - 1)")
            }
            let value = probability[transition]
            guard value >= 0, rate != nil || value <= 1 + 1e-9 else {
              throw fault("`probability[\(transition)]` is \(RowBuilder.text(value))")
            }
            rows.add(Int(next), value)
          }
          let action = actions.map { names.number(of: RowBuilder.text($0[choice])) } ?? -1
          try rows.endChoice(action: action, rate: rate?[state]) { (words: String) -> DataFileError in
            fault("\(words): choice \(choice), of state \(state)")
          }
        }
        rows.endState()
      }
      var model = rows.model(name: name, actions: names.names)
      try addParts(arrays, to: &model, choices: choiceStart)
      return model
    }

    private func addParts(_ arrays: [String: Array], to model: inout ExplicitModel, choices: Column<Int>) throws(DataFileError) {
      let states = model.stateCount
      var initial: [(state: Int32, probability: Double)]?
      for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
        switch name {
        case "choice_start", "transition_start", "successor", "probability", "action", "rate": continue
        case "initial":
          let law = try reals(name, array, count: states, of: "states")
          let sum = law.array.reduce(0, +)
          guard law.array.allSatisfy({ $0 >= 0 }), abs(sum - 1) <= 1e-9 else {
            throw fault("`initial` holds probabilities of states, and they sum to \(RowBuilder.text(sum)), not to 1")
          }
          initial = (0..<states).filter { law[$0] > 0 }.map { (Int32($0), law[$0]) }
        case "discount":
          guard array.count == 1, case let discount = array.number(0), discount >= 0, discount < 1 else {
            throw fault("`discount` is one number from 0 to below 1")
          }
          model.objective = Objective(criterion: .discounted(discount))
        case _ where name.hasPrefix("label_"):
          let truth = try reals(name, array, count: states, of: "states")
          model.labels.append(
            .init(
              name: String(name.dropFirst(6)),
              flags: ExplicitModel.flags((0..<states).filter { truth[$0] != 0 }.map { Int32($0) }, count: states)))
        case _ where name == "reward" || name.hasPrefix("reward_") || name == "state_reward" || name.hasPrefix("state_reward_"):
          try addReward(name, array, to: &model, choices: choices)
        default: throw fault("the array `\(name)` is not part of a model")
        }
      }
      let law = initial ?? [(0, 1)]
      model.start(in: law.map(\.state))
      model.initial = law
    }

    private func addReward(_ name: String, _ array: Array, to model: inout ExplicitModel, choices: Column<Int>)
      throws(DataFileError)
    {
      let isOfStates = name.hasPrefix("state_")
      let rest = name.dropFirst(isOfStates ? 12 : 6)
      let label = rest.isEmpty ? nil : String(rest.dropFirst())
      let index = model.rewards.firstIndex { $0.name == label } ?? model.rewards.count
      if index == model.rewards.count {
        model.rewards.append(
          .init(
            name: label, state: Column(repeating: 0, count: model.stateCount),
            choice: Column(repeating: 0, count: model.choiceCount)))
      }
      if isOfStates {
        model.rewards[index].state = try reals(name, array, count: model.stateCount, of: "states")
        return
      }
      let values = try reals(name, array, count: choices[choices.count - 1], of: "choices")
      // States without a choice have been given a loop, which earns nothing.
      for state in 0..<model.stateCount {
        for (offset, choice) in (choices[state]..<choices[state + 1]).enumerated() {
          model.rewards[index].choice.pointer[Int(model.choiceStart[state]) + offset] = values[choice]
        }
      }
    }
  }
}

extension String {
  /// The first place of a text; nil where it does not occur.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
