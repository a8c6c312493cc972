import AleaModel
import AleaNumerics

extension MomentFit: ObjectValue, JSONAnswer {
  public var typeName: String { "a fitted moment problem" }
  public var description: String { "\(problem.name), by \(method)" }

  public var members: [(name: String, summary: String)] {
    functions.map { ($0.name, "the fitted function of \($0.arguments.joined(separator: ", "))") }
      + [
        ("objective", "what the method made least, at the fit"),
        ("gap", "its certified distance from the least value; `nothing` for closed forms"),
        ("rows", "the rows it was learned from"),
        ("tuning", "the numbers the method chose or was given, by name"), ("method", "how it was computed"),
        ("notes", "what else to know"),
      ]
  }

  public func member(_ name: String) throws -> Value? {
    if let function = self[name] { return .object(function) }
    return switch name {
    case "objective": .real(objective)
    case "gap": gap.map { .real($0) } ?? .nothing
    case "rows": .integer(rowCount)
    case "tuning": .record(tuning.map { Value.Field($0.name, .real($0.value)) })
    case "method": .string(method)
    case "notes": .array(notes.map { .string($0) })
    default: nil
    }
  }

  public var json: JSONValue {
    .object([
      .init("kind", .string("moments")), .init("problem", .string(problem.name)), .init("method", .string(method)),
      .init("rows", .integer(rowCount)), .init("objective", .number(objective)),
      .init("gap", gap.map { .number($0) } ?? .null),
      .init("restrictions", .array(problem.restrictions.map { .string($0.text) })),
      .init("tuning", .object(tuning.map { .init($0.name, .number($0.value)) })),
      .init("functions", .object(functions.map { .init($0.name, $0.json) })), .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}

extension FittedFunction: CallableObject, JSONAnswer {
  public var typeName: String { "a fitted function" }
  public var description: String { "\(name)(\(arguments.joined(separator: ", "))), in \(map.functionClass)" }

  public var members: [(name: String, summary: String)] {
    [
      ("error", "a function of the same arguments: the pointwise standard error"),
      ("coefficients", "the coefficients, in the order of the class"), ("errors", "their standard errors"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "error":
      guard covariance != nil else {
        throw ValueError(
          "the method gives no error for `\(self.name)`", notes: ["`SieveMinimumDistance` and `SmoothedQuantile` do"])
      }
      return .object(PointwiseError(function: self))
    case "coefficients": return .array(coefficients.map { .real($0) })
    case "errors":
      guard let standardErrors else { throw ValueError("the method gives no errors for `\(self.name)`") }
      return .array(standardErrors.map { .real($0) })
    default: return nil
    }
  }

  /// The standard errors of the coefficients, where the method gives them.
  public var standardErrors: [Double]? {
    covariance.map { covariance in coefficients.indices.map { covariance[$0, $0].squareRoot() } }
  }

  public func call(_ arguments: [IndexArgument]) throws -> Value {
    let point = try self.point(arguments)
    let value = values(at: point)[0]
    guard value.isFinite else {
      let cell = zip(self.arguments, point.elements).map { "\($0) = \(NumberText.significant($1, digits: 6))" }
      throw ValueError("no row of the data has \(cell.joined(separator: ", ")): `\(name)` has no value there")
    }
    return .real(value)
  }

  /// The arguments of a call as a row.
  func point(_ given: [IndexArgument]) throws -> Matrix {
    var row = [Double?](repeating: nil, count: arguments.count)
    var position = 0
    for argument in given {
      var place = position
      if let label = argument.label {
        guard let found = arguments.firstIndex(of: label) else {
          throw ValueError(
            "`\(name)` has no argument `\(label)`",
            notes: ["its arguments are \(arguments.map { "`\($0)`" }.joined(separator: ", "))"])
        }
        place = found
      } else {
        position += 1
      }
      guard place < row.count else { throw ValueError("`\(name)` takes \(row.count) argument\(row.count == 1 ? "" : "s")") }
      guard row[place] == nil else { throw ValueError("`\(arguments[place])` is given twice") }
      switch argument.value {
      case .real(let number) where number.isFinite: row[place] = number
      case .integer(let number): row[place] = Double(number)
      case .boolean(let flag): row[place] = flag ? 1 : 0
      default: throw ValueError("`\(arguments[place])` of `\(name)` is a number")
      }
    }
    if let missing = row.firstIndex(where: { $0 == nil }) { throw ValueError("`\(name)` needs `\(arguments[missing])`") }
    return Matrix(rows: 1, columns: row.count, elements: row.compactMap { $0 })
  }

  public var json: JSONValue {
    .object([
      .init("arguments", .array(arguments.map { .string($0) })), .init("class", .string(map.functionClass.description)),
      .init("coefficients", .numbers(coefficients)), .init("errors", standardErrors.map { .numbers($0) } ?? .null),
    ])
  }
}

/// The pointwise standard error of a fitted function: `fit.h.error(price: 20)`.
public struct PointwiseError: CallableObject {
  let function: FittedFunction
  public var typeName: String { "a pointwise error" }
  public var description: String { "the standard error of \(function.name)(\(function.arguments.joined(separator: ", ")))" }
  public func call(_ arguments: [IndexArgument]) throws -> Value {
    .real(function.standardErrors(at: try function.point(arguments))[0])
  }
}
