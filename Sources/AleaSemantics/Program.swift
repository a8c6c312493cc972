import AleaModel
import AleaSyntax

/// Reads the texts that programs import.
public protocol ModuleLoader: AnyObject {
  /// The file an `import "path"` means, seen from the file that imports it; nil when it cannot be read.
  func file(_ path: String, from importer: FileID) throws -> SourceFile
  /// The text of `import std.name`; nil when there is no such module.
  func module(_ name: String) -> SourceFile?
  /// The names of the library's modules, for suggestions.
  var moduleNames: [String] { get }
}

/// Feeds the items of programs into an environment, in order; functions, models, policies and enumerations of a file are visible
/// throughout it.
public final class ProgramRunner {
  public let environment: Environment
  public let isChecking: Bool
  private weak var loader: (any ModuleLoader)?
  /// Values of `param`s set from outside, as text.
  private let parameters: [String: String]
  public private(set) var usedParameters = Set<String>()
  public private(set) var warnings: [Diagnostic] = []
  /// The modules being imported, outermost first.
  private var importing: [String] = []
  private var imported = Set<String>()

  public init(environment: Environment, loader: any ModuleLoader, parameters: [String: String] = [:], isChecking: Bool) {
    self.environment = environment
    self.loader = loader
    self.parameters = parameters
    self.isChecking = isChecking
  }

  /// Declares what a file declares, before anything is evaluated.
  ///
  /// - Returns: what is wrong: names declared twice.
  public func declare(_ program: AST.Program) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var seen: [String: SourceSpan] = [:]
    func claim(_ name: AST.Name, _ binding: Binding?, isValue: Bool = false) {
      if let earlier = seen[name.text] {
        diagnostics.append(
          .error("`\(name.text)` is declared twice", at: name.span, secondary: [.init(earlier, "first declared here")]))
        return
      }
      // A value may be called like a function of the language: `let log = ...` and `log(x)` mean different things.
      if Builtin.distributionNames.contains(name.text) || Builtin.byName[name.text] != nil && !isValue
        || Builtin.constants[name.text] != nil && name.text != "e"
      {
        diagnostics.append(.error("`\(name.text)` is a name of the language", at: name.span, label: "choose another name"))
        return
      }
      seen[name.text] = name.span
      if let binding { environment[name.text] = binding }
    }
    for item in program.items {
      switch item.kind {
      case .function(let function):
        claim(
          function.name,
          Binding(
            .function(FunctionDefinition(syntax: function, environment: environment)), documentation: item.documentation,
            span: item.span))
      case .enumeration(let name, let cases):
        var symbols: [Value] = []
        var names = Set<String>()
        claim(name, nil)
        for each in cases {
          guard names.insert(each.text).inserted else {
            diagnostics.append(.error("`\(each.text)` stands twice in `\(name.text)`", at: each.span))
            continue
          }
          let symbol = Value.symbol(Symbol(each.text, of: name.text))
          symbols.append(symbol)
          claim(each, Binding(.value(symbol), documentation: item.documentation, span: each.span))
        }
        environment[name.text] = Binding(.value(.set(symbols)), documentation: item.documentation, span: item.span)
      case .model(let model):
        environment.introduce(MemberSymbols.names(in: model.members))
        claim(
          model.name,
          Binding(
            .model(ModelDefinition(syntax: model, documentation: item.documentation, environment: environment)),
            documentation: item.documentation, span: item.span))
      case .policy(let policy):
        claim(
          policy.name,
          Binding(
            .policy(PolicyDefinition(syntax: policy, documentation: item.documentation, environment: environment)),
            documentation: item.documentation, span: item.span))
      case .binding(let name, _, _): claim(name, nil, isValue: true)
      case .parameter(let parameter): claim(parameter.name, nil, isValue: true)
      default: break
      }
    }
    return diagnostics
  }

  /// Imports, evaluates or runs one item.
  ///
  /// - Returns: the value of a query, else nil.
  public func run(_ item: AST.Item) throws -> Value? {
    let context = ElaborationContext(isChecking: isChecking)
    var elaborator = Elaborator(context: context, environment: environment)
    // What an answer computed on its way is no number of later models.
    let mark = environment.numbers.count
    switch item.kind {
    case .importFile(let path, let span):
      guard let loader else { return nil }
      try importProgram(path, span) { try loader.file(path, from: span.file) }
      return nil
    case .importModule(let names):
      guard let first = names.first, let last = names.last, let loader else { return nil }
      let span = first.span.union(last.span)
      guard first.text == "std", names.count == 2 else {
        throw elaborator.fault(
          "there is no library `\(names.map(\.text).joined(separator: "."))`", span,
          notes: ["`import std.name` takes a module of the library, `import \"file.alea\"` a file"])
      }
      guard let file = loader.module(last.text) else {
        let nearest = Spelling.nearest(last.text, in: loader.moduleNames)
        throw elaborator.fault(
          "the library has no module `\(last.text)`", last.span, label: nearest.map { "did you mean `std.\($0)`?" } ?? "",
          notes: ["its modules are \(elaborator.list(loader.moduleNames.map { "std.\($0)" }))"])
      }
      try importProgram("std.\(last.text)", span) { file }
      return nil
    case .parameter(let parameter):
      try set(parameter, item, &elaborator)
      return nil
    case .binding(let name, let type, let value):
      do {
        var operand = try elaborator.elaborate(value)
        if let type { operand = try elaborator.convert(operand, to: type, value.span, what: "`\(name.text)`") }
        switch operand {
        case .value(let known):
          if case .object = known { environment.numbers.forget(after: mark) }
          environment[name.text] = Binding(.value(known), documentation: item.documentation, span: item.span)
        case .unchecked(let kind):
          environment[name.text] = Binding(.unchecked(kind), documentation: item.documentation, span: item.span)
        default: throw elaborator.fault("the value of `\(name.text)` is not known", value.span)
        }
      } catch {
        // Whoever mentions a broken value stays silent.
        environment[name.text] = Binding(.unchecked("a value"), span: item.span)
        throw error
      }
      return nil
    case .query(let expression):
      defer { environment.numbers.forget(after: mark) }
      switch try elaborator.elaborate(expression) {
      case .value(let value): return value
      default: return nil
      }
    case .function, .enumeration, .model, .policy, .error: return nil
    }
  }

  /// Checks what a declaration says without running anything: functions with unknown arguments, models with their defaults.
  public func check(_ item: AST.Item) -> [Diagnostic] {
    do {
      switch item.kind {
      case .function(let function):
        try check(function)
      case .model(let model):
        let definition = ModelDefinition(syntax: model, documentation: item.documentation, environment: environment)
        let hasArrows = model.members.contains { if case .edges = $0.kind { true } else { false } }
        if model.kind == .moments {
          if model.parameters.contains(where: { $0.defaultValue == nil }) { return StructureChecks.check(model) }
          _ = try definition.moments(isChecking: isChecking)
          return []
        }
        if model.kind == .causal, hasArrows || !definition.hasMechanisms {
          let faults = StructureChecks.check(model)
          let isPlain = model.parameters.allSatisfy { $0.defaultValue != nil }
          if faults.isEmpty, isPlain { _ = try definition.causalGraph([], at: model.name.span, isChecking: true) }
          return faults
        }
        if model.parameters.contains(where: { $0.defaultValue == nil }) { return [] }
        return try definition.elaborate([], isChecking: isChecking).warnings
      case .policy(let policy):
        let target = policy.target
        if target.text == "bandit" || target.text == "mdp" {
          if policy.parameters.contains(where: { $0.defaultValue == nil }) { return [] }
          let definition = PolicyDefinition(syntax: policy, documentation: item.documentation, environment: environment)
          guard let process = StandIn.process(of: target.text) else { return [] }
          do {
            _ = try ModelElaborator.apply(
              PolicyObject(definition: definition, arguments: []), to: process, parameters: [], isChecking: true)
          } catch let error as DiagnosticError {
            throw StandIn.cleaned(error)
          }
          return []
        }
        guard let binding = environment[target.text] else {
          let models = environment.names.filter { if case .model? = environment[$0]?.kind { true } else { false } }
          let nearest = Spelling.nearest(target.text, in: models)
          throw DiagnosticError(
            .error(
              "there is no model `\(target.text)`", at: target.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
              notes: ["a policy is for a model, or for `bandit` or `mdp`"]))
        }
        guard case .model(let definition) = binding.kind else {
          throw DiagnosticError(.error("`\(target.text)` is not a model", at: target.span))
        }
        if policy.parameters.contains(where: { $0.defaultValue == nil })
          || definition.syntax.parameters.contains(where: { $0.defaultValue == nil })
        {
          return []
        }
        let model = ModelObject(definition: definition, arguments: [])
        guard let process = try? model.instantiate(isChecking: true) else { return [] }
        _ = try PolicyObject(
          definition: PolicyDefinition(syntax: policy, documentation: item.documentation, environment: environment), arguments: []
        ).apply(to: process, of: model)
      default: break
      }
      return []
    } catch let error as DiagnosticError {
      return error.diagnostics
    } catch {
      return [.error("\(error)", at: item.span)]
    }
  }

  /// Tries a function: on every value of the parameters that are enumerations or Booleans, and on unknown values of the others.
  private func check(_ function: AST.Function) throws {
    var seen = Set<String>()
    var trials: [[Local]] = [[]]
    for parameter in function.parameters {
      let name = parameter.name.text
      if !seen.insert(name).inserted {
        throw DiagnosticError(
          .error("`\(function.name.text)` has two parameters called `\(name)`", at: parameter.name.span))
      }
      var candidates: [Operand] = [.unchecked("a value")]
      if let type = parameter.type {
        var elaborator = Elaborator(context: ElaborationContext(isChecking: true), environment: environment)
        switch try? elaborator.elaborate(type) {
        case .value(.type(.boolean))?: candidates = [.value(.boolean(false)), .value(.boolean(true))]
        case .value(.set(let values))?: candidates = values.map { .value($0) }
        default: break
        }
      }
      if trials.count * candidates.count > Self.maximumTrials { candidates = [.unchecked("a value")] }
      trials = trials.flatMap { trial in candidates.map { trial + [Local(name: name, operand: $0)] } }
    }
    for trial in trials {
      let context = ElaborationContext(isChecking: true)
      context.callDepth = Elaborator.maximumCallDepth - 2
      var elaborator = Elaborator(context: context, environment: environment)
      elaborator.locals = trial
      do {
        let result = try elaborator.elaborate(function.body)
        if let type = function.result {
          _ = try elaborator.convert(result, to: type, function.body.span, what: "the value of `\(function.name.text)`")
        }
      } catch let error as DiagnosticError
        where error.diagnostics.contains(where: { $0.message.contains("calls itself more than") })
      {
        // A recursion on unknown arguments: whether it ends is seen where it is called.
      }
    }
  }

  private static let maximumTrials = 256

  /// `param n: Int = 20`, or the text given from outside.
  private func set(_ parameter: AST.Parameter, _ item: AST.Item, _ elaborator: inout Elaborator) throws {
    let name = parameter.name.text
    usedParameters.insert(name)
    var operand: Operand
    let place: SourceSpan
    if let text = parameters[name] {
      place = parameter.name.span
      operand = .value(try parse(text, name, place, &elaborator, wantsText: isString(parameter.type)))
    } else if let value = parameter.defaultValue {
      place = value.span
      operand = try elaborator.elaborate(value)
    } else {
      environment[name] = Binding(.unchecked("a value"), span: item.span)
      if isChecking { return }
      throw elaborator.fault("`\(name)` has no value", parameter.name.span, label: "set it: `-D \(name)=...`")
    }
    if let type = parameter.type { operand = try elaborator.convert(operand, to: type, place, what: "`\(name)`") }
    if case .value(let value) = operand {
      environment[name] = Binding(.value(value), documentation: item.documentation, span: item.span)
    }
  }

  private func isString(_ type: AST.Expression?) -> Bool {
    if case .name("String")? = type?.kind { return true }
    return false
  }

  private func parse(_ text: String, _ name: String, _ span: SourceSpan, _ elaborator: inout Elaborator, wantsText: Bool) throws
    -> Value
  {
    if wantsText { return .string(text) }
    let file = SourceFile(id: span.file, name: "-D \(name)", text: text)
    let (expression, diagnostics) = Parser.parseExpression(file)
    if diagnostics.isEmpty, case .value(let value)? = try? elaborator.elaborate(expression) { return value }
    throw DiagnosticError(
      .error("`-D \(name)=\(text)` is not a value of the language", at: span, label: "`\(name)` is declared here"))
  }

  private func importProgram(_ name: String, _ span: SourceSpan, _ read: () throws -> SourceFile) throws {
    if let start = importing.firstIndex(of: name) {
      let path = (importing[start...] + [name]).map { "`\($0)`" }.joined(separator: " -> ")
      throw DiagnosticError(.error("these files import each other", at: span, label: path))
    }
    if imported.contains(name) { return }
    let file: SourceFile
    do {
      file = try read()
    } catch let error as ValueError {
      throw DiagnosticError(.error(error.message, at: span, notes: error.notes))
    }
    importing.append(name)
    defer { importing.removeLast() }
    let (program, diagnostics) = Parser.parseProgram(file)
    if diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(diagnostics) }
    let twice = declare(program)
    if !twice.isEmpty { throw DiagnosticError(twice) }
    for item in program.items {
      // An imported file lends its declarations; its own questions are not asked again.
      if case .query = item.kind { continue }
      _ = try run(item)
    }
    imported.insert(name)
  }
}
