import AleaModel

/// Something that says how a question is answered, made in programs by its constructor: a solver, an estimator, a kernel.
///
///     let method = try Methods.make("ValueIteration", arguments: ["tolerance": .real(1e-9)])
public protocol Method: Sendable {
  /// The name in programs: `ValueIteration`.
  static var name: String { get }
  /// What the field calls it for short (`IPW`): not names in programs, but looked up in help and answered with the name in errors.
  static var abbreviations: [String] { get }
  /// One line on what it does and when it is the right choice.
  static var summary: String { get }
  /// What can be set, with defaults; in the order in which positional arguments are taken.
  static var parameters: [MethodParameter] { get }
  /// Makes the method from arguments that were checked against ``parameters`` and hold a value for each.
  init(arguments: MethodArguments)
}

extension Method {
  public static var abbreviations: [String] { [] }
}

/// Something that can be set on a method.
public struct MethodParameter: Hashable, Sendable {
  /// What values a parameter takes.
  public enum Kind: Hashable, Sendable {
    /// A finite number between the two.
    case real(from: Double, to: Double)
    /// A whole number between the two.
    case integer(from: Int, to: Int)
    /// One of the names.
    case symbol([String])
    case boolean
    /// Any text, such as the name of a column.
    case text
    /// Another method, made by one of the constructors of those names: `errors: Robust()`.
    case method([String])
  }

  public let name: String
  public let kind: Kind
  public let defaultValue: MethodValue
  /// One line on what it does.
  public let doc: String

  public init(_ name: String, _ kind: Kind, default defaultValue: MethodValue, doc: String) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.doc = doc
  }

  /// The parameter most methods share: the certified error at which they stop.
  public static let tolerance = MethodParameter(
    "tolerance", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(1e-6),
    doc: "the guaranteed error of every value at which the method stops")

  /// The value as this parameter takes it (whole numbers serve as reals), or what is wrong with it.
  func accept(_ value: MethodValue, method: String) throws(InvalidMethodArgument) -> MethodValue {
    switch (kind, value) {
    case (.real(let low, let high), .real(let number)) where number >= low && number <= high: return value
    case (.real(let low, let high), .integer(let number)) where Double(number) >= low && Double(number) <= high:
      return .real(Double(number))
    case (.integer(let low, let high), .integer(let number)) where number >= low && number <= high: return value
    case (.integer(let low, let high), .real(let number)) where number >= Double(low) && number <= Double(high):
      if let exact = Int(exactly: number) { return .integer(exact) }
    case (.symbol(let names), .symbol(let name)) where names.contains(name): return value
    case (.boolean, .boolean), (.text, .text): return value
    case (.text, .symbol(let name)): return .text(name)
    case (.method(let names), .method(let given)) where names.contains(given.name): return value
    default: break
    }
    throw InvalidMethodArgument(
      method: method, argument: name, problem: "`\(name)` of `\(method)` cannot be `\(value)`", remedy: "it takes \(kind)")
  }
}

extension MethodParameter.Kind: CustomStringConvertible {
  /// The values in words: "a number between 0 and 1".
  public var description: String {
    switch self {
    case .real(let low, let high):
      return high == .greatestFiniteMagnitude ? "a number of at least \(low)" : "a number between \(low) and \(high)"
    case .integer(let low, let high):
      return high == .max ? "a whole number of at least \(low)" : "a whole number between \(low) and \(high)"
    case .symbol(let names): return "one of " + names.map { "`\($0)`" }.joined(separator: ", ")
    case .boolean: return "`true` or `false`"
    case .text: return "a string"
    case .method(let names): return "one of " + names.map { "`\($0)(...)`" }.joined(separator: ", ")
    }
  }
}

/// The value of a method's argument.
public indirect enum MethodValue: Hashable, Sendable, CustomStringConvertible {
  case real(Double)
  case integer(Int)
  case symbol(String)
  case boolean(Bool)
  case text(String)
  case method(MethodCall)

  public var description: String {
    switch self {
    case .real(let number): "\(number)"
    case .integer(let number): "\(number)"
    case .symbol(let name): name
    case .boolean(let flag): "\(flag)"
    case .text(let text): "\"\(text)\""
    case .method(let call): call.description
    }
  }
}

/// An argument that a method does not take, as data for a message.
public struct InvalidMethodArgument: Error, Hashable, Sendable {
  public let method: String
  /// The argument's name; nil where the method itself is unknown.
  public let argument: String?
  /// What is wrong, in one sentence without final full stop.
  public let problem: String
  /// What would fix it.
  public let remedy: String

  public init(method: String, argument: String?, problem: String, remedy: String) {
    self.method = method
    self.argument = argument
    self.problem = problem
    self.remedy = remedy
  }
}

/// A value for every parameter of a method, each checked against its kind.
public struct MethodArguments: Sendable {
  private let values: [String: MethodValue]

  /// Checks the given arguments and fills in defaults for the others.
  public init(_ given: [String: MethodValue] = [:], for method: any Method.Type) throws(InvalidMethodArgument) {
    var values: [String: MethodValue] = [:]
    for parameter in method.parameters { values[parameter.name] = parameter.defaultValue }
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let parameter = method.parameters.first(where: { $0.name == name }) else {
        let names = method.parameters.map { "`\($0.name)`" }.joined(separator: ", ")
        throw InvalidMethodArgument(
          method: method.name, argument: name, problem: "`\(method.name)` has no argument `\(name)`",
          remedy: names.isEmpty ? "it takes no arguments" : "it takes \(names)")
      }
      values[name] = try parameter.accept(value, method: method.name)
    }
    self.values = values
  }

  /// The value of a real parameter that the method declares.
  public func real(_ name: String) -> Double {
    guard case .real(let number)? = values[name] else { preconditionFailure("\(name) is not declared as real") }
    return number
  }

  /// The value of an integer parameter that the method declares.
  public func integer(_ name: String) -> Int {
    guard case .integer(let number)? = values[name] else { preconditionFailure("\(name) is not declared as integer") }
    return number
  }

  /// The value of a symbol parameter that the method declares.
  public func symbol(_ name: String) -> String {
    guard case .symbol(let symbol)? = values[name] else { preconditionFailure("\(name) is not declared as symbol") }
    return symbol
  }

  /// The value of a boolean parameter that the method declares.
  public func boolean(_ name: String) -> Bool {
    guard case .boolean(let flag)? = values[name] else { preconditionFailure("\(name) is not declared as boolean") }
    return flag
  }

  /// The value of a text parameter that the method declares.
  public func text(_ name: String) -> String {
    guard case .text(let text)? = values[name] else { preconditionFailure("\(name) is not declared as text") }
    return text
  }

  /// The method given for a parameter that the method declares.
  public func method(_ name: String) -> any Method {
    guard case .method(let call)? = values[name], let type = call.type ?? Methods.named(call.name),
      let arguments = try? MethodArguments(call.arguments, for: type)
    else { preconditionFailure("\(name) is not declared as a method") }
    return type.init(arguments: arguments)
  }
}

extension Method {
  public var name: String { Self.name }
}

/// A method's constructor with the arguments given to it: `Robust()`, `RKHS(Gaussian(scale: 2))`.
public struct MethodCall: Hashable, Sendable, CustomStringConvertible {
  public let name: String
  public let arguments: [String: MethodValue]
  /// The method's type, where it is not one of ``Methods/all``.
  let type: (any Method.Type)?

  public init(_ name: String, _ arguments: [String: MethodValue] = [:], type: (any Method.Type)? = nil) {
    self.name = name
    self.arguments = arguments
    self.type = type
  }

  public static func == (a: MethodCall, b: MethodCall) -> Bool { a.name == b.name && a.arguments == b.arguments }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(arguments)
  }

  public var description: String {
    "\(name)(\(arguments.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")))"
  }
}
