import AleaModel

/// What one instruction of the batch machine does to whole registers.
///
/// The `K` forms have a constant on one side; the `Keeping` forms carry NaN through where the plain ones would lose it.
enum Opcode: UInt8 {
  case copy, fill
  case negate, not, notKeeping, abs, sign, floor, ceil, round, sqrt, exp, ln, log10, log2, sin, cos, tan, tanh, arctan
  case logistic, logGamma, normalCDF, normalQuantile
  case add, subtract, multiply, divide, integerDivide, modulo, power, min, minKeeping, max, maxKeeping
  case equal, notEqual, less, lessEqual, equalKeeping, notEqualKeeping, lessKeeping, lessEqualKeeping
  case and, andKeeping, or, orKeeping
  case addK, subtractFromK, multiplyK, divideK, integerDivideK, moduloK, powerK, minK, maxK
  case equalK, notEqualK, lessK, lessEqualK, greaterK, greaterEqualK
  case equalKKeeping, notEqualKKeeping, lessKKeeping, lessEqualKKeeping, greaterKKeeping, greaterEqualKKeeping
  case divergence, divergenceBound, betaQuantile, betaCDF
  case select, selectKeeping
  /// `c ? a : 0` and `c ? 0 : a` and friends, where one side is a constant.
  case selectElseK, selectElseKKeeping, selectThenK, selectThenKKeeping
  case gather, lookup
  /// NaN outside `[low, high]`; also NaN for a fraction; also NaN outside an explicit set.
  case checkRange, checkIntegerRange, checkMember
}

/// One instruction: `destination = opcode(a, b, c)`; registers are indices into the machine's table of columns.
struct Instruction {
  var opcode: Opcode
  var destination: Int32
  var a: Int32 = 0
  var b: Int32 = 0
  var c: Int32 = 0
  /// The constant operand, or the lower bound of a check.
  var k: Double = 0
  /// The upper bound of a check.
  var k2: Double = 0
}

/// A root of a program: an expression, and the domain outside of which its value counts as a fault (NaN).
struct BatchRoot {
  var expression: ExpressionID
  var check: Domain?
  init(_ expression: ExpressionID, check: Domain? = nil) {
    self.expression = expression
    self.check = check
  }
}

/// Expressions compiled once to straight-line register code that runs over batches of lanes.
///
/// Columns are numbered: inputs (one a leaf), then outputs (one a root), then temporaries, which are reused as soon as their last
/// reader has run, so that the working set stays in the nearest cache.
struct BatchProgram {
  /// The leaf behind each input column.
  var inputs: [ExpressionKind]
  var outputCount: Int
  var temporaryCount: Int
  var code: [Instruction]
  /// The operand lists of `gather`.
  var operandLists: [[Int32]]
  var tables: [[Double]]
  /// The sets of `checkMember`.
  var members: [[Double]]
  /// Outputs that may be NaN; the others need not be looked at.
  var outputMayFail: [Bool]
  /// Outputs that are the same in all lanes.
  var outputConstant: [Double?]

  var columnCount: Int { inputs.count + outputCount + temporaryCount }
}

/// Compiles expressions of a pool to a ``BatchProgram``.
struct BatchCompiler {
  let pool: ExpressionPool
  /// What is known of each leaf.
  let leaf: (ExpressionKind) -> Interval
  /// Nodes that only pass on their single element, unless it lies outside a domain: then they are NaN.
  var checks: [ExpressionID: Domain] = [:]

  func compile(_ roots: [BatchRoot]) -> BatchProgram {
    let expressions = roots.map(\.expression)
    let order = pool.reachable(from: expressions)
    let intervals = IntervalEvaluator(pool)(expressions, leaf: leaf)
    var program = BatchProgram(
      inputs: [], outputCount: roots.count, temporaryCount: 0, code: [], operandLists: [], tables: [], members: [],
      outputMayFail: [], outputConstant: [])

    var uses: [ExpressionID: Int] = [:]
    var readConstants = Set<ExpressionID>()
    for id in order {
      switch pool[id].kind {
      case .variable, .next, .time: program.inputs.append(pool[id].kind)
      default: break
      }
      for operand in registerOperands(of: id) {
        uses[operand, default: 0] += 1
        if pool.constant(operand) != nil { readConstants.insert(operand) }
      }
    }
    let inputCount = program.inputs.count
    let firstTemporary = Int32(inputCount + roots.count)

    // A root that is computed and unchecked lives in its output column from the start.
    var register: [ExpressionID: Int32] = [:]
    var home: [ExpressionID: Int32] = [:]
    var inputIndex: Int32 = 0
    for id in order {
      switch pool[id].kind {
      case .variable, .next, .time:
        register[id] = inputIndex
        inputIndex += 1
      default: break
      }
    }
    for (index, root) in roots.enumerated() {
      let needsCheck = root.check.map { !intervals[root.expression]!.isInside($0) } ?? false
      if pool.constant(root.expression) == nil, register[root.expression] == nil, !needsCheck, home[root.expression] == nil {
        home[root.expression] = Int32(inputCount + index)
      } else {
        uses[root.expression, default: 0] += 1
      }
    }

    var free: [Int32] = []
    var allocated: Int32 = 0
    func take() -> Int32 {
      if let slot = free.popLast() { return slot }
      allocated += 1
      return firstTemporary + allocated - 1
    }
    func release(_ id: ExpressionID) {
      guard let count = uses[id] else { return }
      uses[id] = count - 1
      if count == 1, let slot = register[id], slot >= firstTemporary { free.append(slot) }
    }

    for id in order where register[id] == nil {
      if pool.constant(id) != nil {
        // Constants that some instruction needs in a register are filled in once here.
        guard readConstants.contains(id) else { continue }
        let slot = take()
        register[id] = slot
        program.code.append(Instruction(opcode: .fill, destination: slot, k: pool.constant(id)!))
        continue
      }
      let operands = registerOperands(of: id)
      var instruction = emit(id, intervals, register, &program)
      // Never an operand's register: loops over columns that may be the same are compiled without vector instructions.
      let slot = home[id] ?? take()
      for operand in operands { release(operand) }
      register[id] = slot
      instruction.destination = slot
      program.code.append(instruction)
      if uses[id] == nil, home[id] == nil { free.append(slot) }
    }

    for (index, root) in roots.enumerated() {
      let output = Int32(inputCount + index)
      let interval = intervals[root.expression]!
      let constant = pool.constant(root.expression)
      let isChecked = root.check.map { !interval.isInside($0) } ?? false
      var mayFail = interval.mayFail || isChecked
      var constantOutput: Double?
      if let constant {
        let value = root.check.map { $0.contains(constant) } ?? true ? constant : .nan
        program.code.append(Instruction(opcode: .fill, destination: output, k: value))
        mayFail = value.isNaN
        constantOutput = value
      } else if isChecked, let domain = root.check {
        program.code.append(check(domain, register[root.expression]!, output, &program))
      } else if home[root.expression] != output {
        program.code.append(Instruction(opcode: .copy, destination: output, a: register[root.expression]!))
      }
      program.outputMayFail.append(mayFail)
      program.outputConstant.append(constantOutput)
    }
    program.temporaryCount = Int(allocated)
    return program
  }

  /// The constant an operand can be folded into the instruction as, with the other operand and the opcode's constant form.
  private func constantForm(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID, mayFail: Bool)
    -> (Opcode, ExpressionID, Double)?
  {
    if let k = pool.constant(b) {
      switch function {
      case .add: return (.addK, a, k)
      case .subtract: return (.addK, a, -k)
      case .multiply: return (.multiplyK, a, k)
      case .divide where k != 0: return (.divideK, a, k)
      case .integerDivide where k != 0: return (.integerDivideK, a, k)
      case .modulo where k != 0: return (.moduloK, a, k)
      case .power: return (.powerK, a, k)
      case .min: return (.minK, a, k)
      case .max: return (.maxK, a, k)
      case .equal: return (mayFail ? .equalKKeeping : .equalK, a, k)
      case .notEqual: return (mayFail ? .notEqualKKeeping : .notEqualK, a, k)
      case .less: return (mayFail ? .lessKKeeping : .lessK, a, k)
      case .lessEqual: return (mayFail ? .lessEqualKKeeping : .lessEqualK, a, k)
      default: return nil
      }
    }
    if let k = pool.constant(a) {
      switch function {
      case .add: return (.addK, b, k)
      case .subtract: return (.subtractFromK, b, k)
      case .multiply: return (.multiplyK, b, k)
      case .min: return (.minK, b, k)
      case .max: return (.maxK, b, k)
      case .equal: return (mayFail ? .equalKKeeping : .equalK, b, k)
      case .notEqual: return (mayFail ? .notEqualKKeeping : .notEqualK, b, k)
      case .less: return (mayFail ? .greaterKKeeping : .greaterK, b, k)
      case .lessEqual: return (mayFail ? .greaterEqualKKeeping : .greaterEqualK, b, k)
      default: return nil
      }
    }
    return nil
  }

  /// The operands an instruction reads from registers, without those folded into it.
  private func registerOperands(of id: ExpressionID) -> [ExpressionID] {
    if checks[id] != nil, case .gather(_, let elements) = pool[id].kind { return elements }
    switch pool[id].kind {
    case .binary(let function, let a, let b):
      if let (_, operand, _) = constantForm(function, a, b, mayFail: false) { return [operand] }
      return [a, b]
    case .select(let c, let a, let b): return pool.constant(b) != nil ? [c, a] : pool.constant(a) != nil ? [c, b] : [c, a, b]
    default: return pool.operands(of: id)
    }
  }

  private func emit(
    _ id: ExpressionID, _ intervals: [ExpressionID: Interval], _ register: [ExpressionID: Int32], _ program: inout BatchProgram
  ) -> Instruction {
    func mayFail(_ id: ExpressionID) -> Bool { intervals[id]!.mayFail }
    if let domain = checks[id], case .gather(_, let elements) = pool[id].kind {
      return check(domain, register[elements[0]]!, 0, &program)
    }
    switch pool[id].kind {
    case .unary(let function, let a):
      let opcode: Opcode =
        switch function {
        case .negate: .negate
        case .not: mayFail(a) ? .notKeeping : .not
        case .abs: .abs
        case .sign: .sign
        case .floor: .floor
        case .ceil: .ceil
        case .round: .round
        case .sqrt: .sqrt
        case .exp: .exp
        case .ln: .ln
        case .log10: .log10
        case .log2: .log2
        case .sin: .sin
        case .cos: .cos
        case .tan: .tan
        case .tanh: .tanh
        case .arctan: .arctan
        case .logistic: .logistic
        case .logGamma: .logGamma
        case .normalCDF: .normalCDF
        case .normalQuantile: .normalQuantile
        }
      return Instruction(opcode: opcode, destination: 0, a: register[a]!)
    case .binary(let function, let a, let b):
      let fails = mayFail(a) || mayFail(b)
      if let (opcode, operand, k) = constantForm(function, a, b, mayFail: fails) {
        return Instruction(opcode: opcode, destination: 0, a: register[operand]!, k: k)
      }
      let opcode: Opcode =
        switch function {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .integerDivide: .integerDivide
        case .modulo: .modulo
        case .power: .power
        case .min: fails ? .minKeeping : .min
        case .max: fails ? .maxKeeping : .max
        case .equal: fails ? .equalKeeping : .equal
        case .notEqual: fails ? .notEqualKeeping : .notEqual
        case .less: fails ? .lessKeeping : .less
        case .lessEqual: fails ? .lessEqualKeeping : .lessEqual
        case .and: fails ? .andKeeping : .and
        case .or: fails ? .orKeeping : .or
        case .divergence: .divergence
        case .divergenceBound: .divergenceBound
        }
      return Instruction(opcode: opcode, destination: 0, a: register[a]!, b: register[b]!)
    case .select(let c, let a, let b):
      if let k = pool.constant(b) {
        return Instruction(
          opcode: mayFail(c) ? .selectElseKKeeping : .selectElseK, destination: 0, a: register[c]!, b: register[a]!, k: k)
      }
      if let k = pool.constant(a) {
        return Instruction(
          opcode: mayFail(c) ? .selectThenKKeeping : .selectThenK, destination: 0, a: register[c]!, b: register[b]!, k: k)
      }
      return Instruction(
        opcode: mayFail(c) ? .selectKeeping : .select, destination: 0, a: register[c]!, b: register[a]!, c: register[b]!)
    case .gather(let index, let elements):
      program.operandLists.append(elements.map { register[$0]! })
      return Instruction(opcode: .gather, destination: 0, a: register[index]!, b: Int32(program.operandLists.count - 1))
    case .ternary(let function, let a, let b, let c):
      let opcode: Opcode =
        switch function {
        case .betaQuantile: .betaQuantile
        case .betaCDF: .betaCDF
        }
      return Instruction(opcode: opcode, destination: 0, a: register[a]!, b: register[b]!, c: register[c]!)
    case .lookup(let table, let index):
      program.tables.append(pool.tables[Int(table)])
      return Instruction(opcode: .lookup, destination: 0, a: register[index]!, b: Int32(program.tables.count - 1))
    case .constant(let value): return Instruction(opcode: .fill, destination: 0, k: value)
    case .variable, .next, .time: return Instruction(opcode: .copy, destination: 0, a: register[id]!)
    }
  }

  private func check(_ domain: Domain, _ source: Int32, _ output: Int32, _ program: inout BatchProgram) -> Instruction {
    func integers(_ low: Double, _ high: Double) -> Instruction {
      Instruction(opcode: .checkIntegerRange, destination: output, a: source, k: low, k2: high)
    }
    func member(_ values: [Double]) -> Instruction {
      program.members.append(values)
      return Instruction(opcode: .checkMember, destination: output, a: source, b: Int32(program.members.count - 1))
    }
    switch domain {
    case .boolean: return integers(0, 1)
    case .range(let low, let high): return integers(Double(low), Double(high))
    case .integers: return integers(-0x1p52, 0x1p52)
    case .reals:
      return Instruction(
        opcode: .checkRange, destination: output, a: source, k: -.greatestFiniteMagnitude, k2: .greatestFiniteMagnitude)
    case .symbols(let codes):
      let sorted = codes.sorted()
      if let low = sorted.first, let high = sorted.last, high - low == codes.count - 1 {
        return integers(Double(low), Double(high))
      }
      return member(codes.map(Double.init))
    case .numbers(let values): return member(values)
    }
  }
}
