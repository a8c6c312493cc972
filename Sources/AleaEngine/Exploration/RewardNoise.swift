import AleaModel
import AleaSyntax

extension Process {
  /// Replaces continuous draws that enter nothing but rewards, and those affinely, by their means.
  ///
  /// A draw is independent of everything that does not descend from it, given its parents; so the expectation of `a + b x` is
  /// `a + b E[x | parents]` where `a` and `b` do not depend on `x`, and the explicit form keeps expected rewards alone. Draws for which
  /// this cannot be shown are left as they are.
  mutating func averageRewardNoise() {
    let graph = DependenceGraph(of: self)
    let noisy = stepOrder.compactMap { slot -> (id: VariableID, law: Distribution)? in
      guard case .current(let id) = slot, self[id].role != .state, case .draw(let law) = self[id].mechanism,
        law.continuousFamily != nil
      else { return nil }
      return (id, law)
    }
    guard !noisy.isEmpty else { return }

    // Values derived from such draws are written out in the rewards, which may free the draws from them.
    let noisySlots = Set(noisy.map { Slot.current($0.id) })
    var image: [VariableID: ExpressionID] = [:]
    for slot in stepOrder {
      guard case .current(let id) = slot, case .value(let expression) = self[id].mechanism, self[id].role != .action,
        !graph.ancestors(of: slot).isDisjoint(with: noisySlots)
      else { continue }
      image[id] =
        pool.rewriting([expression]) { leaf in
          if case .variable(let other) = leaf { return image[other] }
          return nil
        }[0]
    }
    let amounts = pool.rewriting(channels.map(\.amount)) { leaf in
      if case .variable(let id) = leaf { return image[id] }
      return nil
    }

    var isAveraged = false
    for (id, law) in noisy {
      let slot = Slot.current(id)
      // Nothing but rewards may depend on the draw.
      let reaches = stepOrder.contains { other in
        guard graph.ancestors(of: other).contains(slot) else { return false }
        if case .current(let variable) = other { return image[variable] == nil }
        return true
      }
      let isTested = pool.leaves(of: availability + (terminal.map { [$0] } ?? [])).contains(.variable(id))
      let isChosenBy = variables.contains { variable in
        variable.role == .action && pool.leaves(of: variable.mechanism.expressions).contains(.variable(id))
      }
      guard !reaches, !isTested, !isChosenBy, amounts.allSatisfy({ isAffine($0, in: id) }), let mean = mean(of: law) else {
        continue
      }
      variables[Int(id.index)].mechanism = .value(mean)
      isAveraged = true
    }
    if isAveraged { for index in channels.indices { channels[index].amount = amounts[index] } }
  }

  /// Whether an expression is `a + b x` with `a` and `b` free of `x`.
  func isAffine(_ id: ExpressionID, in variable: VariableID) -> Bool {
    func isFree(_ id: ExpressionID) -> Bool { !pool.leaves(of: [id]).contains(.variable(variable)) }
    if isFree(id) { return true }
    switch pool[id].kind {
    case .variable: return true
    case .unary(.negate, let a): return isAffine(a, in: variable)
    case .binary(.add, let a, let b), .binary(.subtract, let a, let b):
      return isAffine(a, in: variable) && isAffine(b, in: variable)
    case .binary(.multiply, let a, let b):
      return isFree(a) && isAffine(b, in: variable) || isFree(b) && isAffine(a, in: variable)
    case .binary(.divide, let a, let b): return isFree(b) && isAffine(a, in: variable)
    case .select(let condition, let a, let b): return isFree(condition) && isAffine(a, in: variable) && isAffine(b, in: variable)
    case .gather(let index, let elements): return isFree(index) && elements.allSatisfy { isAffine($0, in: variable) }
    default: return false
    }
  }

  /// The mean of a law, without a value where the parameters are outside their domain; nil when it is not known in closed form.
  mutating func mean(of law: Distribution) -> ExpressionID? {
    switch law {
    case .select(let condition, let a, let b):
      guard let first = mean(of: a), let second = mean(of: b) else { return nil }
      return pool.select(condition, first, second, type: .real, span: pool[condition].span)
    case .primitive(let family, let parameters):
      let span = pool[parameters[0]].span
      let zero = pool.constant(0, type: .real)
      func binary(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
        pool.binary(function, a, b, type: function == .less || function == .lessEqual ? .boolean : .real, span: span)
      }
      let isValid: ExpressionID
      let result: ExpressionID
      switch family {
      case .uniform:
        isValid = binary(.lessEqual, parameters[0], parameters[1])
        result = binary(.divide, binary(.add, parameters[0], parameters[1]), pool.constant(2, type: .real))
      case .normal:
        isValid = binary(.lessEqual, zero, parameters[1])
        result = parameters[0]
      case .logNormal:
        isValid = binary(.lessEqual, zero, parameters[1])
        let half = binary(.divide, binary(.multiply, parameters[1], parameters[1]), pool.constant(2, type: .real))
        result = pool.unary(.exp, binary(.add, parameters[0], half), type: .real, span: span)
      case .exponential:
        isValid = binary(.less, zero, parameters[0])
        result = binary(.divide, pool.constant(1, type: .real), parameters[0])
      case .gamma:
        isValid = pool.binary(
          .and, binary(.less, zero, parameters[0]), binary(.less, zero, parameters[1]), type: .boolean, span: span)
        result = binary(.divide, parameters[0], parameters[1])
      case .beta:
        isValid = pool.binary(
          .and, binary(.less, zero, parameters[0]), binary(.less, zero, parameters[1]), type: .boolean, span: span)
        result = binary(.divide, parameters[0], binary(.add, parameters[0], parameters[1]))
      case .studentT:
        // There is no mean with one degree of freedom or fewer.
        isValid = binary(.less, pool.constant(1, type: .real), parameters[0])
        result = zero
      case .bernoulli:
        isValid = pool.binary(
          .and, binary(.lessEqual, zero, parameters[0]), binary(.lessEqual, parameters[0], pool.constant(1, type: .real)),
          type: .boolean, span: span)
        result = parameters[0]
      case .poisson:
        isValid = binary(.lessEqual, zero, parameters[0])
        result = parameters[0]
      case .binomial:
        isValid = pool.binary(
          .and, binary(.lessEqual, zero, parameters[1]), binary(.lessEqual, parameters[1], pool.constant(1, type: .real)),
          type: .boolean, span: span)
        result = binary(.multiply, parameters[0], parameters[1])
      case .geometric:
        isValid = binary(.less, zero, parameters[0])
        result = binary(
          .divide, binary(.subtract, pool.constant(1, type: .real), parameters[0]), parameters[0])
      case .uniformInteger:
        isValid = binary(.lessEqual, parameters[0], parameters[1])
        result = binary(.divide, binary(.add, parameters[0], parameters[1]), pool.constant(2, type: .real))
      }
      let nothing = pool.constant(.nan, type: .real, span: span)
      return pool.select(isValid, result, nothing, type: .real, span: span)
    default: return nil
    }
  }
}
