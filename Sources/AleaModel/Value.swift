/// A member of an `enum`, or of a set of names such as `{left, right}` (then without an enumeration).
public struct Symbol: Hashable, Codable, Sendable, CustomStringConvertible {
  public var name: String
  public var enumeration: String?
  public init(_ name: String, of enumeration: String? = nil) {
    self.name = name
    self.enumeration = enumeration
  }
  public var description: String { name }
}

/// A value of the language, known while a program runs (as opposed to an expression of a model, which is known only in a state).
public indirect enum Value: Sendable {
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  case string(String)
  case symbol(Symbol)
  case array([Value])
  case record([Field])
  /// A finite set, in order, without duplicates; ranges of integers are ``range(_:)``.
  case set([Value])
  case range(ClosedRange<Int>)
  /// A range without elements (`1..0`).
  case emptyRange
  /// A type as a value: `Real`, `Int`, `Bool`, `Real[5]`; finite types are sets.
  case type(TypeValue)
  case distribution(DistributionValue)
  /// A model, policy, method, answer, data set: anything the language itself does not look into.
  case object(any ObjectValue)
  case nothing

  public struct Field: Sendable {
    public var name: String
    public var value: Value
    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  /// A type that is not a finite set of values.
  public indirect enum TypeValue: Sendable, Hashable {
    case boolean, integer, real, string
    case array(TypeValue, [Int])
    case any
  }
}

/// A distribution whose parameters are known.
public struct DistributionValue: Sendable {
  public indirect enum Kind: Sendable {
    case primitive(DistributionFamily, [Double])
    case finite([(value: Value, probability: Double)])
    case mixture([(weight: Double, DistributionValue)])
    case truncated(DistributionValue, low: Double, high: Double)
  }
  public var kind: Kind
  public init(_ kind: Kind) { self.kind = kind }
}

/// A value the language passes around without looking into it: models, policies, methods, answers.
public protocol ObjectValue: Sendable, CustomStringConvertible {
  /// "a model", "a solution": used in messages.
  var typeName: String { get }
  /// The names after a dot, with a line of documentation each, in the order to show them.
  var members: [(name: String, summary: String)] { get }
  /// The member's value, or nil when there is no such member.
  func member(_ name: String) throws -> Value?
  /// `object[stock: 0]`. Throws a ``ValueError`` for a wrong index.
  func subscriptValue(_ arguments: [IndexArgument]) throws -> Value
  /// The value a bare name has inside this object's brackets: symbols of the model's own sets.
  func symbol(named name: String) -> Value?
}

extension ObjectValue {
  public var members: [(name: String, summary: String)] { [] }
  public func member(_ name: String) throws -> Value? { nil }
  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    throw ValueError("\(typeName) cannot be indexed")
  }
  public func symbol(named name: String) -> Value? { nil }
}

/// An object with many values, on which the pure functions of the language work one by one: a column of data.
public protocol ElementwiseObject: ObjectValue {
  /// Throws a ``ValueError`` where an element is outside the function's domain.
  func applying(_ function: UnaryFunction) throws -> Value
  /// `function(self, other)`, or `function(other, self)` where the object stands on the right.
  func combined(_ function: BinaryFunction, with other: Value, isOnRight: Bool) throws -> Value
  /// The elements added, or the least or greatest of them.
  func reduced(_ function: BinaryFunction) throws -> Value
  /// Where there is a value at all.
  var presence: Value { get }
  /// The elements as numbers of one type, so that a model can look one up by a position that is not known; nil for texts.
  var elements: (numbers: [Double], type: ScalarType)? { get }
}

extension ElementwiseObject {
  public var elements: (numbers: [Double], type: ScalarType)? { nil }
}

/// An object that can be called like a function: `fit.h(price: 20, season: 4)`.
public protocol CallableObject: ObjectValue {
  /// The value at known arguments. Throws a ``ValueError`` for wrong ones.
  func call(_ arguments: [IndexArgument]) throws -> Value
}

/// An argument in brackets: `[stock: 0]` has a label, `[3]` has none.
public struct IndexArgument: Sendable {
  public var label: String?
  public var value: Value
  public init(label: String?, value: Value) {
    self.label = label
    self.value = value
  }
}

/// A fault of a value operation; whoever evaluates the expression adds the place.
public struct ValueError: Error, Hashable, Sendable {
  public var message: String
  public var label: String
  public var notes: [String]
  public init(_ message: String, label: String = "", notes: [String] = []) {
    self.message = message
    self.label = label
    self.notes = notes
  }
}
