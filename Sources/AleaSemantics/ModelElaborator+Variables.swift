import AleaModel
import AleaSyntax

extension ModelElaborator {
  // MARK: Variables

  /// Elaborates a variable that is not a state or action: its mechanism gives its domain.
  func resolve(_ name: String) throws -> Operand {
    guard let entry = entries[name] else { throw Elaborator.silent }
    let variable = entry.syntax
    if variable.role == .state || variable.role == .action {
      // Declared first, in `declareStates`; reaching here means that its domain failed.
      throw Elaborator.silent
    }
    let role: Role =
      switch variable.role {
      case .context: .context
      case .latent: .latent
      case .observe: .observed
      default: .derived
      }
    let forbidden = primesForbidden
    primesForbidden = nil
    defer { primesForbidden = forbidden }
    let declaration = process.declarations.count
    process.declarations.append(
      Declaration(name: name, role: role, shape: .record([]), documentation: entry.documentation, span: entry.span))
    var declared: DomainShape?
    var scope = elaborator()
    if let domain = variable.domain { declared = try scope.domainShape(domain) }
    let shape = try family(variable.indices, name: name, declared: declared) { scope, fullName, declared in
      guard let mechanism = variable.mechanism else {
        guard let declared else {
          throw scope.fault("`\(name)` needs a mechanism or a domain", variable.name.span)
        }
        return try self.declare(fullName, declaration, role, declared, .unspecified, entry.span)
      }
      switch mechanism {
      case .value(let expression):
        let operand = try scope.elaborate(expression)
        return try self.define(fullName, declaration, role, operand, declared, expression.span, entry.span)
      case .draw(let expression):
        if case .call(let callee, let arguments) = expression.kind, case .name("MultivariateNormal") = callee.kind {
          return try self.defineJointNormal(
            fullName, declaration, role, arguments, declared, expression.span, entry.span, &scope)
        }
        let operand = try scope.elaborate(expression)
        return try self.defineDraw(fullName, declaration, role, operand, declared, expression.span, entry.span, scope)
      }
    }
    process.declarations[declaration].shape = shape
    let operand = self.operand(of: shape, isNext: false, span: entry.span)
    entries[name]?.operand = operand
    return operand
  }

  /// Spells out the families of a variable: `body` is run for every combination of index values.
  func family(
    _ indices: [AST.FamilyIndex], name: String, declared: DomainShape?,
    _ body: (inout Elaborator, String, DomainShape?) throws -> Declaration.Shape
  ) throws -> Declaration.Shape {
    var scope = elaborator()
    func descend(_ rest: ArraySlice<AST.FamilyIndex>, _ name: String) throws -> Declaration.Shape {
      guard let index = rest.first else { return try body(&scope, name, declared) }
      let operand = try scope.elaborate(index.set)
      guard case .value(let set) = operand else {
        throw scope.fault("the index set of a family must be known before the model runs", index.set.span)
      }
      var domain = try scope.domain(of: set, index.set.span)
      if case .integers = domain { domain = .reals }
      guard let count = domain.count else { throw scope.fault("a family needs a finite index set", index.set.span) }
      guard count <= 100_000 else { throw scope.fault("a family of \(count) variables is too large", index.set.span) }
      var elements: [Declaration.Shape] = []
      for position in 0..<count {
        let code = domain.value(at: position)
        let value = value(of: code, in: domain)
        if let variable = index.name {
          scope.locals.append(Local(name: variable.text, operand: .value(value)))
        }
        defer { if index.name != nil { scope.locals.removeLast() } }
        elements.append(try descend(rest.dropFirst(), "\(name)[\(value)]"))
      }
      return .array(index: domain, elements)
    }
    return try descend(indices[...], name)
  }

  func value(of code: Double, in domain: Domain) -> Value {
    switch domain {
    case .boolean: .boolean(code != 0)
    case .symbols: .symbol(context.symbols[Int(code)])
    case .range, .integers: .integer(Int(code))
    case .numbers: domain.type == .integer ? .integer(Int(code)) : .real(code)
    case .reals: .real(code)
    }
  }

  func add(_ variable: Variable) -> VariableID {
    process.variables.append(variable)
    return VariableID(process.variables.count - 1)
  }

  /// Declares variables of a domain, all with the same mechanism.
  func declare(
    _ name: String, _ declaration: Int, _ role: Role, _ shape: DomainShape, _ mechanism: Mechanism, _ span: SourceSpan
  ) throws -> Declaration.Shape {
    switch shape {
    case .scalar(let domain):
      return .scalar(
        add(Variable(name: name, declaration: declaration, role: role, domain: domain, mechanism: mechanism, span: span)))
    case .array(let index, let element):
      guard let count = index.count else { throw Elaborator.silent }
      return .array(
        index: index,
        try (0..<count).map { position in
          let label = value(of: index.value(at: position), in: index)
          return try declare("\(name)[\(label)]", declaration, role, element, mechanism, span)
        })
    case .record(let fields):
      return .record(
        try fields.map {
          Declaration.Field(name: $0.name, shape: try declare("\(name).\($0.name)", declaration, role, $0.shape, mechanism, span))
        })
    }
  }

  /// Defines a derived value: one variable for each scalar of the operand.
  func define(
    _ name: String, _ declaration: Int, _ role: Role, _ operand: Operand, _ declared: DomainShape?, _ span: SourceSpan,
    _ nameSpan: SourceSpan
  ) throws -> Declaration.Shape {
    let scope = elaborator()
    if scope.isDistribution(operand) {
      throw scope.fault("`\(name)` is given a distribution by `=`", span, label: "draw from it: `\(name) ~ ...`")
    }
    if let declared { return try define(name, declaration, role, operand, as: declared, span, nameSpan) }
    switch operand {
    case .array(let elements, let index):
      let domain: Domain = if case .domain(let given) = index { given } else { .range(0, max(0, elements.count - 1)) }
      return .array(
        index: domain,
        try elements.enumerated().map { position, element in
          try define(
            "\(name)[\(value(of: domain.value(at: position), in: domain))]", declaration, role, element, nil, span, nameSpan)
        })
    case .value(.array(let elements)):
      return try define(name, declaration, role, .array(elements.map { .value($0) }, index: .positions), nil, span, nameSpan)
    case .value(.record), .record:
      return .record(
        try (scope.fieldList(operand) ?? []).map {
          Declaration.Field(
            name: $0.name, shape: try define("\(name).\($0.name)", declaration, role, $0.operand, nil, span, nameSpan))
        })
    case .unchecked: throw Elaborator.silent
    default: break
    }
    guard let id = scope.scalar(operand, span) else {
      throw scope.fault("a variable is a number, Boolean or symbol, and this is \(scope.describe(operand))", span)
    }
    let domain: Domain =
      switch context.pool[id].type {
      case .boolean: .boolean
      case .integer: .integers
      case .real: .reals
      case .symbol: .symbols(scope.possibleSymbols(id)?.sorted() ?? Array(context.symbols.indices))
      }
    return .scalar(
      add(Variable(name: name, declaration: declaration, role: role, domain: domain, mechanism: .value(id), span: nameSpan)))
  }

  func define(
    _ name: String, _ declaration: Int, _ role: Role, _ operand: Operand, as shape: DomainShape, _ span: SourceSpan,
    _ nameSpan: SourceSpan
  ) throws -> Declaration.Shape {
    try assign(operand, to: shape, name, span) { fullName, domain, id in
      .scalar(
        self.add(
          Variable(name: fullName, declaration: declaration, role: role, domain: domain, mechanism: .value(id), span: nameSpan)))
    }
  }

  /// Matches an operand against a shape, scalar by scalar, checking each.
  func assign(
    _ operand: Operand, to shape: DomainShape, _ name: String, _ span: SourceSpan,
    _ body: (String, Domain, ExpressionID) throws -> Declaration.Shape
  ) throws -> Declaration.Shape {
    let scope = elaborator()
    switch shape {
    case .scalar(let domain): return try body(name, domain, scalar(operand, for: domain, name, span))
    case .array(let index, let element):
      guard let count = index.count else { throw Elaborator.silent }
      let parts = try? scope.elements(of: operand, span)
      if let parts, parts.count != count {
        throw scope.fault("`\(name)` has \(count) elements, and this array has \(parts.count)", span)
      }
      return .array(
        index: index,
        try (0..<count).map { position in
          let label = value(of: index.value(at: position), in: index)
          // One value may be given for all elements.
          return try assign(parts?[position] ?? operand, to: element, "\(name)[\(label)]", span, body)
        })
    case .record(let fields):
      guard let parts = scope.fieldList(operand) else {
        if case .unchecked = operand { throw Elaborator.silent }
        throw scope.fault(
          "`\(name)` is a record with the fields \(scope.list(fields.map(\.name))), and this is \(scope.describe(operand))", span)
      }
      guard Set(parts.map(\.name)) == Set(fields.map(\.name)) else {
        throw scope.fault(
          "`\(name)` has the fields \(scope.list(fields.map(\.name))), and this record has \(scope.list(parts.map(\.name)))", span
        )
      }
      return .record(
        try fields.map { field in
          let part = parts.first { $0.name == field.name }!.operand
          return Declaration.Field(
            name: field.name, shape: try assign(part, to: field.shape, "\(name).\(field.name)", span, body))
        })
    }
  }

  /// An operand as a scalar of a domain, or why it cannot be one.
  func scalar(_ operand: Operand, for domain: Domain, _ name: String, _ span: SourceSpan) throws -> ExpressionID {
    let scope = elaborator()
    if case .unchecked = operand { throw Elaborator.silent }
    if scope.isDistribution(operand) {
      throw scope.fault("`\(name)` is given a distribution by `=`", span, label: "draw from it: use `~` instead of `=`")
    }
    guard let id = scope.scalar(operand, span) else {
      throw scope.fault("`\(name)` is \(scope.text(of: domain)), and this is \(scope.describe(operand))", span)
    }
    let type = context.pool[id].type
    let fits =
      switch domain.type {
      case .boolean: type == .boolean || scope.isBit(id)
      case .integer: type == .integer
      case .real: type == .integer || type == .real
      case .symbol: type == .symbol
      }
    if !fits {
      if domain.type == .integer, type == .real {
        if let constant = context.pool.constant(id), constant.rounded() == constant {
          return context.pool.constant(constant, type: .integer, span: span)
        }
        throw scope.fault(
          "`\(name)` is an integer (\(scope.text(of: domain))), and this is a real number", span,
          notes: ["`floor`, `ceil` or `round` make an integer of it; `div` divides integers"])
      }
      throw scope.fault("`\(name)` takes its values from \(scope.text(of: domain)), and this is \(scope.describe(operand))", span)
    }
    if let constant = context.pool.constant(id), !domain.contains(constant) {
      throw scope.fault(
        "`\(describe(constant, domain))` is outside the domain of `\(name)`", span,
        label: "`\(name)` is \(scope.text(of: domain))")
    }
    return id
  }

  func describe(_ constant: Double, _ domain: Domain) -> String {
    if case .symbols = domain, context.symbols.indices.contains(Int(constant)) { return context.symbols[Int(constant)].name }
    return NumberText.significant(constant, digits: 10)
  }

  /// Defines a variable drawn from a distribution.
  func defineDraw(
    _ name: String, _ declaration: Int, _ role: Role, _ operand: Operand, _ declared: DomainShape?, _ span: SourceSpan,
    _ nameSpan: SourceSpan, _ scope: Elaborator
  ) throws -> Declaration.Shape {
    if case .unchecked = operand { throw Elaborator.silent }
    // A law of records or arrays: draw which one, then look it up.
    if case .value(.distribution(let known)) = operand, case .finite(let outcomes) = known.kind, let first = outcomes.first,
      scope.encode(first.value) == nil
    {
      let index = add(
        Variable(
          name: "\(name)#", declaration: declaration, role: role == .observed || role == .context ? .latent : role,
          domain: .range(0, outcomes.count - 1),
          mechanism: .draw(
            .finite(
              outcomes.enumerated().map {
                .init(
                  value: context.pool.constant(Double($0.offset), type: .integer),
                  weight: context.pool.constant($0.element.probability, type: .real))
              }, isNormalized: false)),
          span: nameSpan))
      let position = context.pool.intern(.variable(index), type: .integer, span: span)
      let chosen = try scope.pick(outcomes.map { .value($0.value) }, position: position, span)
      return try define(name, declaration, role, chosen, declared, span, nameSpan)
    }
    let (law, type) = try scope.distribution(operand, span)
    if let declared {
      return try drawn(law, type, declared, name, span) { fullName, domain, law in
        .scalar(
          self.add(
            Variable(name: fullName, declaration: declaration, role: role, domain: domain, mechanism: .draw(law), span: nameSpan))
        )
      }
    }
    return .scalar(
      add(
        Variable(
          name: name, declaration: declaration, role: role, domain: support(of: law, type), mechanism: .draw(law), span: nameSpan)
      ))
  }

  /// A draw for each scalar of a shape.
  func drawn(
    _ law: Distribution, _ type: ScalarType, _ shape: DomainShape, _ name: String, _ span: SourceSpan,
    _ body: (String, Domain, Distribution) throws -> Declaration.Shape
  ) throws -> Declaration.Shape {
    let scope = elaborator()
    switch shape {
    case .scalar(let domain):
      let fits =
        switch domain.type {
        case .boolean: type == .boolean || type == .integer && isBit(law)
        case .integer: type == .integer
        case .real: type == .integer || type == .real
        case .symbol: type == .symbol
        }
      if !fits {
        throw scope.fault(
          "`\(name)` takes its values from \(scope.text(of: domain)), and this draws \(type == .symbol ? "symbols" : type == .boolean ? "Booleans" : type == .real ? "real numbers" : "integers")",
          span,
          notes: domain.type == .integer && type == .real
            ? ["round the draw in a variable of its own: `x ~ ...` and `\(name) = round(x)`"] : [])
      }
      if case .finite(let outcomes, _) = law, domain.isFinite {
        for outcome in outcomes {
          if let constant = context.pool.constant(outcome.value), !domain.contains(constant) {
            throw scope.fault(
              "the outcome \(describe(constant, domain)) is outside the domain of `\(name)`", span,
              label: "`\(name)` is \(scope.text(of: domain))")
          }
        }
      }
      return try body(name, domain, law)
    case .array(let index, let element):
      guard let count = index.count else { throw Elaborator.silent }
      return .array(
        index: index,
        try (0..<count).map { position in
          try drawn(law, type, element, "\(name)[\(value(of: index.value(at: position), in: index))]", span, body)
        })
    case .record:
      throw scope.fault("`\(name)` is a record, and this draws a single value", span)
    }
  }

  /// Whether a law gives only 0 and 1.
  func isBit(_ law: Distribution) -> Bool {
    switch law {
    case .primitive(.bernoulli, _): true
    case .primitive: false
    case .finite(let outcomes, _):
      outcomes.allSatisfy {
        [0, 1].contains(context.pool.constant($0.value)) || elaborator().isBit($0.value)
          || context.pool[$0.value].type == .boolean
      }
    case .select(_, let a, let b): isBit(a) && isBit(b)
    case .mixture(let components): components.allSatisfy { isBit($0.distribution) }
    case .truncated(let base, _, _): isBit(base)
    }
  }

  /// The domain of what a law draws.
  func support(of law: Distribution, _ type: ScalarType) -> Domain {
    if type == .boolean { return .boolean }
    // Symbols are codes, and 0 and 1 may be two of them.
    if type != .symbol, isBit(law) { return .range(0, 1) }
    switch law {
    case .primitive(.uniformInteger, let parameters):
      if let low = context.pool.constant(parameters[0]), let high = context.pool.constant(parameters[1]) {
        return .range(Int(low), Int(high))
      }
      return .integers
    case .primitive(.binomial, let parameters):
      if let n = context.pool.constant(parameters[0]) { return .range(0, Int(n)) }
      return .integers
    case .primitive(let family, _): return family.isDiscrete ? .integers : .reals
    case .finite, .select:
      var values: [Double] = []
      func collect(_ law: Distribution) -> Bool {
        switch law {
        case .finite(let outcomes, _):
          for outcome in outcomes {
            guard let constant = context.pool.constant(outcome.value) else { return false }
            if !values.contains(constant) { values.append(constant) }
          }
          return true
        case .select(_, let a, let b): return collect(a) && collect(b)
        default: return false
        }
      }
      if collect(law) {
        if type == .symbol { return .symbols(values.sorted().map { Int($0) }) }
        let sorted = values.sorted()
        if type == .integer, let low = sorted.first, let high = sorted.last, Int(high - low) + 1 == sorted.count {
          return .range(Int(low), Int(high))
        }
        return .numbers(sorted)
      }
      return type == .symbol ? .symbols(Array(context.symbols.indices)) : type == .integer ? .integers : .reals
    case .mixture, .truncated:
      return type == .symbol ? .symbols(Array(context.symbols.indices)) : type == .integer ? .integers : .reals
    }
  }
}

extension Elaborator {
  /// The element of a list at an unknown position.
  func pick(_ elements: [Operand], position: ExpressionID, _ span: SourceSpan) throws -> Operand {
    try chooseElement(elements, position: position, span)
  }
}
