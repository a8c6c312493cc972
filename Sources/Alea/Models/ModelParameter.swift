/// A parameter of a model that is made in Swift: texts give it a value, as in `solve(Inventory(setup: 0))`.
public struct ModelParameter: Sendable {
  public let name: String
  /// The kind and the default, as a text declares them.
  let declaration: String

  private init(_ name: String, _ type: String, _ defaultText: String?) {
    self.name = name
    declaration = "\(name): \(type)" + (defaultText.map { " = \($0)" } ?? "")
  }

  /// A whole number; without a default it has to be given.
  public static func integer(_ name: String, default value: Int? = nil) -> ModelParameter {
    ModelParameter(name, "Int", value.map { "\($0)" })
  }

  /// A number; without a default it has to be given. One that is not finite is refused when the model is defined.
  public static func real(_ name: String, default value: Double? = nil) -> ModelParameter {
    ModelParameter(name, "Real", value.map { NumberText.significant($0, digits: 17) })
  }

  /// A truth value; without a default it has to be given.
  public static func boolean(_ name: String, default value: Bool? = nil) -> ModelParameter {
    ModelParameter(name, "Bool", value.map { "\($0)" })
  }
}

/// The values of a model's parameters.
public struct ModelArguments: Sendable {
  let values: [(name: String, value: Value)]

  private func value(_ name: String) throws -> Value {
    guard let found = values.first(where: { $0.name == name }) else {
      throw ValueError("the model has no parameter `\(name)`: it has \(values.map { "`\($0.name)`" }.joined(separator: ", "))")
    }
    return found.value
  }

  /// - Throws: `ValueError` where there is no such parameter, or it is no whole number.
  public func integer(_ name: String) throws -> Int {
    guard case .integer(let number) = try value(name) else { throw ValueError("`\(name)` is no whole number") }
    return number
  }

  /// - Throws: `ValueError` where there is no such parameter, or it is no number.
  public func real(_ name: String) throws -> Double {
    guard let number = try value(name).number else { throw ValueError("`\(name)` is no number") }
    return number
  }

  /// - Throws: `ValueError` where there is no such parameter, or it is not true or false.
  public func boolean(_ name: String) throws -> Bool {
    guard case .boolean(let flag) = try value(name) else { throw ValueError("`\(name)` is not true or false") }
    return flag
  }
}

/// What makes the process of a model for given arguments.
struct ParameterizedModel: ModelSource {
  let name: String
  let kind: Process.Kind
  let make: @Sendable (ModelArguments) throws -> ModelBuilder
  let variableNames: [String]

  func process() throws -> Process { try process([]) }

  func process(_ arguments: [(name: String, value: Value)]) throws -> Process {
    do {
      let builder = try make(ModelArguments(values: arguments))
      guard builder.kind == kind else {
        throw ValueError("it is defined as \(kind.rawValue), and was made as \(builder.kind.rawValue)")
      }
      var process = try builder.process()
      process.name = name
      return process
    } catch let error as ValueError {
      throw DiagnosticError(.error("the model `\(name)`: \(error.message)", at: nil))
    }
  }
}

extension Session {
  /// Gives a model with parameters the meaning of its name: texts give them values, as in `solve(Inventory(setup: 0))`.
  ///
  ///     try session.define("Inventory", parameters: [.integer("capacity", default: 20)]) { arguments in
  ///       try inventory(capacity: arguments.integer("capacity"))
  ///     }
  ///
  /// - Parameters:
  ///   - kind: an mdp, or a bandit.
  ///   - model: makes the model for a value of each parameter; called whenever the model is used.
  /// - Throws: `DiagnosticError` when the name is one of the language, or a parameter is none; and what is wrong with the model, where
  ///   all of its parameters have defaults.
  public func define(
    _ name: String, kind: Process.Kind = .mdp, parameters: [ModelParameter], documentation: String = "",
    model: @escaping @Sendable (ModelArguments) throws -> ModelBuilder
  ) throws {
    try checkFree(name)
    // Declared as in a text, so that defaults, messages, help and completion are those of any model.
    let text = "\(kind.rawValue) \(name)(\(parameters.map(\.declaration).joined(separator: ", "))) {\n}\n"
    let (program, diagnostics) = Parser.parseProgram(loader.add(text: text, name: "<\(name)>"))
    guard diagnostics.isEmpty, program.items.count == 1, case .model(let heading) = program.items[0].kind else {
      throw DiagnosticError(
        diagnostics.isEmpty ? [.error("`\(name)` cannot be defined with these parameters", at: nil)] : diagnostics)
    }
    func source(_ variables: [String]) -> ParameterizedModel {
      ParameterizedModel(name: name, kind: kind, make: model, variableNames: variables)
    }
    let earlier = environment.ownBinding(name)
    environment.define(heading, documentation: documentation, source: source([]))
    guard heading.parameters.allSatisfy({ $0.defaultValue != nil }) else { return }
    do {
      let process = try process(of: name)
      environment.introduce(symbols: process.symbols.map(\.name))
      environment.define(heading, documentation: documentation, source: source(process.declarations.map(\.name)))
    } catch {
      environment.restore(name, to: earlier)
      throw error
    }
  }
}
