import AleaModel
import CLanes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs batch programs: each instruction over a block of lanes at a time.
///
/// One machine serves one thread. Its temporaries are shared by all programs it runs.
final class BatchMachine {
  /// Lanes a block: a register takes two kilobytes, so that some twenty fit into the first-level cache.
  static let width = 256

  private var scratch: UnsafeMutablePointer<Double>
  private var scratchColumns = 0
  private var columns: [UnsafeMutablePointer<Double>] = []

  init() { scratch = .allocate(capacity: 1) }
  deinit { scratch.deallocate() }

  /// Runs a program over `count` lanes.
  ///
  /// - Parameters:
  ///   - inputs: a column for each of the program's inputs, in order.
  ///   - outputs: a column for each root; none may be an input.
  func run(
    _ program: BatchProgram, count: Int, inputs: [UnsafeMutablePointer<Double>], outputs: [UnsafeMutablePointer<Double>]
  ) {
    precondition(inputs.count == program.inputs.count && outputs.count == program.outputCount)
    if program.temporaryCount > scratchColumns {
      scratch.deallocate()
      scratchColumns = program.temporaryCount
      scratch = .allocate(capacity: scratchColumns * Self.width)
    }
    var start = 0
    while start < count {
      let lanes = Swift.min(Self.width, count - start)
      columns.removeAll(keepingCapacity: true)
      for input in inputs { columns.append(input + start) }
      for output in outputs { columns.append(output + start) }
      for index in 0..<program.temporaryCount { columns.append(scratch + index * Self.width) }
      columns.withUnsafeBufferPointer { table in
        program.code.withUnsafeBufferPointer { code in
          for index in 0..<code.count { execute(code.baseAddress! + index, table.baseAddress!, lanes, program) }
        }
      }
      start += lanes
    }
  }

  @inline(__always)
  private func execute(
    _ instruction: UnsafePointer<Instruction>, _ table: UnsafePointer<UnsafeMutablePointer<Double>>, _ n: Int,
    _ program: BatchProgram
  ) {
    let d = table[Int(instruction.pointee.destination)]
    let a = table[Int(instruction.pointee.a)]
    let b = instruction.pointee.b
    let k = instruction.pointee.k

    @inline(__always) func map(_ f: (Double) -> Double) {
      for i in 0..<n { d[i] = f(a[i]) }
    }
    @inline(__always) func zip(_ f: (Double, Double) -> Double) {
      let second = table[Int(b)]
      for i in 0..<n { d[i] = f(a[i], second[i]) }
    }
    @inline(__always) func truth(_ condition: Bool) -> Double { condition ? 1 : 0 }
    @inline(__always) func keeping(_ x: Double, _ y: Double, _ result: Double) -> Double {
      let second = y.isNaN ? y : result
      return x.isNaN ? x : second
    }

    switch instruction.pointee.opcode {
    case .copy: map { $0 }
    case .fill: for i in 0..<n { d[i] = k }
    case .negate: map { -$0 }
    case .not: map { truth($0 == 0) }
    case .notKeeping: map { $0.isNaN ? $0 : truth($0 == 0) }
    case .abs: map { Swift.abs($0) }
    case .sign: map { UnaryFunction.sign($0) }
    case .floor: map { $0.rounded(.down) }
    case .ceil: map { $0.rounded(.up) }
    case .round: map { $0.rounded(.toNearestOrAwayFromZero) }
    case .sqrt: lanes_sqrt(d, a, n)
    case .exp: map { exp($0) }
    case .ln: map { $0 <= 0 ? .nan : log($0) }
    case .log10: map { UnaryFunction.log10($0) }
    case .log2: map { UnaryFunction.log2($0) }
    case .sin: map { sin($0) }
    case .cos: map { cos($0) }
    case .tan: map { UnaryFunction.tan($0) }
    case .tanh: map { tanh($0) }
    case .arctan: map { UnaryFunction.arctan($0) }
    case .logistic: map { UnaryFunction.logistic($0) }
    case .logGamma: map { UnaryFunction.logGamma($0) }
    case .normalCDF: map { UnaryFunction.normalCDF($0) }
    case .normalQuantile: map { UnaryFunction.normalQuantile($0) }
    case .add: zip { $0 + $1 }
    case .subtract: zip { $0 - $1 }
    case .multiply: zip { $0 * $1 }
    case .divide:
      zip {
        let quotient = $0 / $1
        return $1 == 0 ? .nan : quotient
      }
    case .integerDivide: zip { $1 == 0 ? .nan : ($0 / $1).rounded(.down) }
    case .modulo: zip { $1 == 0 ? .nan : $0 - $1 * ($0 / $1).rounded(.down) }
    // pow(NaN, 0) and pow(1, NaN) are 1: a fault would be lost.
    case .power: zip { keeping($0, $1, pow($0, $1)) }
    case .min: zip { $0 < $1 ? $0 : $1 }
    case .max: zip { $0 > $1 ? $0 : $1 }
    case .minKeeping: zip { $0.isNaN ? $0 : ($0 < $1 ? $0 : $1) }
    case .maxKeeping: zip { $0.isNaN ? $0 : ($0 > $1 ? $0 : $1) }
    case .equal: zip { truth($0 == $1) }
    case .notEqual: zip { truth($0 != $1) }
    case .less: zip { truth($0 < $1) }
    case .lessEqual: zip { truth($0 <= $1) }
    case .equalKeeping: zip { keeping($0, $1, truth($0 == $1)) }
    case .notEqualKeeping: zip { keeping($0, $1, truth($0 != $1)) }
    case .lessKeeping: zip { keeping($0, $1, truth($0 < $1)) }
    case .lessEqualKeeping: zip { keeping($0, $1, truth($0 <= $1)) }
    case .and: zip { $0 == 0 ? 0 : $1 }
    case .andKeeping: zip { $0.isNaN ? $0 : ($0 == 0 ? 0 : $1) }
    case .or: zip { $0 == 1 ? 1 : $1 }
    case .orKeeping: zip { $0.isNaN ? $0 : ($0 == 1 ? 1 : $1) }
    case .addK: map { $0 + k }
    case .subtractFromK: map { k - $0 }
    case .multiplyK: map { $0 * k }
    case .divideK: map { $0 / k }
    case .integerDivideK: map { ($0 / k).rounded(.down) }
    case .moduloK: map { $0 - k * ($0 / k).rounded(.down) }
    case .powerK: if k == 2 { map { $0 * $0 } } else { map { $0.isNaN ? $0 : pow($0, k) } }
    // Written so that a NaN in the register wins.
    case .minK: map { k < $0 ? k : $0 }
    case .maxK: map { k > $0 ? k : $0 }
    case .equalK: map { truth($0 == k) }
    case .notEqualK: map { truth($0 != k) }
    case .lessK: map { truth($0 < k) }
    case .lessEqualK: map { truth($0 <= k) }
    case .greaterK: map { truth($0 > k) }
    case .greaterEqualK: map { truth($0 >= k) }
    case .equalKKeeping: map { $0.isNaN ? $0 : truth($0 == k) }
    case .notEqualKKeeping: map { $0.isNaN ? $0 : truth($0 != k) }
    case .lessKKeeping: map { $0.isNaN ? $0 : truth($0 < k) }
    case .lessEqualKKeeping: map { $0.isNaN ? $0 : truth($0 <= k) }
    case .greaterKKeeping: map { $0.isNaN ? $0 : truth($0 > k) }
    case .greaterEqualKKeeping: map { $0.isNaN ? $0 : truth($0 >= k) }
    case .divergence: zip { BinaryFunction.divergence($0, $1) }
    case .divergenceBound: zip { BinaryFunction.divergenceBound($0, $1) }
    case .betaQuantile, .betaCDF:
      let function: TernaryFunction = instruction.pointee.opcode == .betaQuantile ? .betaQuantile : .betaCDF
      let first = table[Int(b)]
      let second = table[Int(instruction.pointee.c)]
      for i in 0..<n { d[i] = function(a[i], first[i], second[i]) }
    case .select:
      let x = table[Int(b)]
      let y = table[Int(instruction.pointee.c)]
      // Both sides are loaded, so that the choice is a blend and not a jump.
      for i in 0..<n {
        let (first, second) = (x[i], y[i])
        d[i] = a[i] != 0 ? first : second
      }
    case .selectKeeping:
      let x = table[Int(b)]
      let y = table[Int(instruction.pointee.c)]
      for i in 0..<n {
        let (test, first, second) = (a[i], x[i], y[i])
        let chosen = test != 0 ? first : second
        d[i] = test.isNaN ? test : chosen
      }
    case .selectElseK: zip { $0 != 0 ? $1 : k }
    case .selectElseKKeeping:
      zip {
        let chosen = $0 != 0 ? $1 : k
        return $0.isNaN ? $0 : chosen
      }
    case .selectThenK: zip { $0 != 0 ? k : $1 }
    case .selectThenKKeeping:
      zip {
        let chosen = $0 != 0 ? k : $1
        return $0.isNaN ? $0 : chosen
      }
    case .gather: gather(d, a, program.operandLists[Int(b)], table, n)
    case .lookup: lookup(d, a, program.tables[Int(b)], n)
    case .checkRange:
      let high = instruction.pointee.k2
      map { $0 >= k && $0 <= high ? $0 : .nan }
    case .checkIntegerRange:
      let high = instruction.pointee.k2
      // Adding and subtracting 1.5 * 2^52 rounds to an integer, for sizes below 2^51; vectorises where a call to round does not.
      if k >= -0x1p50, high <= 0x1p50 {
        let magic = 0x1.8p52
        map { $0 >= k && $0 <= high && ($0 + magic) - magic == $0 ? $0 : .nan }
      } else {
        map { $0 >= k && $0 <= high && $0.rounded() == $0 ? $0 : .nan }
      }
    case .checkMember:
      let members = program.members[Int(b)]
      map { members.contains($0) ? $0 : .nan }
    }
  }

  private func gather(
    _ d: UnsafeMutablePointer<Double>, _ index: UnsafeMutablePointer<Double>, _ list: [Int32],
    _ table: UnsafePointer<UnsafeMutablePointer<Double>>, _ n: Int
  ) {
    let limit = Double(list.count)
    list.withUnsafeBufferPointer { list in
      for i in 0..<n {
        let position = index[i]
        guard position >= 0, position < limit else {
          d[i] = .nan
          continue
        }
        let whole = Int(position)
        d[i] = Double(whole) == position ? table[Int(list[whole])][i] : .nan
      }
    }
  }

  private func lookup(_ d: UnsafeMutablePointer<Double>, _ index: UnsafeMutablePointer<Double>, _ entries: [Double], _ n: Int) {
    let limit = Double(entries.count)
    entries.withUnsafeBufferPointer { entries in
      for i in 0..<n {
        let position = index[i]
        guard position >= 0, position < limit else {
          d[i] = .nan
          continue
        }
        let whole = Int(position)
        d[i] = Double(whole) == position ? entries[whole] : .nan
      }
    }
  }
}
