import AleaModel
import AleaSyntax

/// The answer to `identify`: what an effect equals in terms of what is observed, with the derivation, or why nothing observed fixes it.
public struct Identification: Hashable, Codable, Sendable {
  /// P(outcomes | do(interventions), given).
  public struct Query: Hashable, Codable, Sendable, CustomStringConvertible {
    public let outcomes: [String]
    public let interventions: [String]
    public let given: [String]

    public var description: String {
      var condition = interventions.isEmpty ? [] : ["do(\(interventions.joined(separator: ", ")))"]
      condition += given
      let left = outcomes.joined(separator: ", ")
      return condition.isEmpty ? "P(\(left))" : "P(\(left) | \(condition.joined(separator: ", ")))"
    }
  }

  /// One step of a derivation.
  public struct Step: Hashable, Codable, Sendable {
    public enum Rule: String, Codable, Sendable {
      /// Only ancestors of the outcome in the graph without the interventions matter.
      case ancestors
      /// An effect is a product of one factor for each district.
      case factorization
      /// The factor of a district of the graph is a product of conditional probabilities.
      case district
      /// Within a district, what is no ancestor sums out.
      case marginalization
      /// The factor of a district within an ancestral set is a product of ratios.
      case ratio
      /// The second rule of the do-calculus: observing and setting are the same.
      case exchange
      /// A conditional effect is a ratio of joint ones.
      case conditioning
      /// The parts put together.
      case assembly
      /// The effect is also given by adjustment, which is shorter.
      case adjustment
      /// The parts form a hedge.
      case hedge
    }

    public let rule: Rule
    /// A full sentence.
    public let text: String
    /// What has been found by this step, if it found a formula.
    public let formula: Estimand?
  }

  public enum Outcome: Hashable, Codable, Sendable {
    case identified(Estimand)
    case unidentified(Hedge)
  }

  public let query: Query
  public let outcome: Outcome
  public let steps: [Step]

  /// The formula, when the effect is identified.
  public var estimand: Estimand? { if case .identified(let estimand) = outcome { estimand } else { nil } }

  /// The reason why not, when it is not.
  public var hedge: Hedge? { if case .unidentified(let hedge) = outcome { hedge } else { nil } }

  public var isIdentified: Bool { estimand != nil }

  /// Variables of the formula that are no part of the question: the formula has the same value whatever they are set to.
  public var freelyChosen: [String] {
    guard let estimand else { return [] }
    return estimand.freeVariables.subtracting(query.outcomes + query.interventions + query.given).sorted()
  }
}

extension Identification: CustomStringConvertible {
  public var description: String {
    var lines: [String]
    switch outcome {
    case .identified(let estimand):
      lines = ["\(query) = \(estimand)"]
      if !freelyChosen.isEmpty {
        lines.append("for any value of \(freelyChosen.joined(separator: ", ")): the right side does not depend on it")
      }
    case .unidentified(let hedge): lines = ["\(query) is not identified: \(hedge)"]
    }
    for (position, step) in steps.enumerated() { lines.append("\(position + 1). \(step.text)") }
    return lines.joined(separator: "\n")
  }
}

/// Why an effect is not identified: two nested forests of variables that hidden causes hold together (Shpitser and Pearl 2006).
///
/// In both, bidirected edges connect all variables, every variable has at most one child, and the variables without a child (the
/// roots) are the same. The interventions meet the outer one and not the inner one, and the roots cause the outcome. Two models that
/// agree on everything observed and differ in the effect can then be built.
public struct Hedge: Hashable, Codable, Sendable {
  /// The variables of the outer forest F.
  public let outer: [String]
  /// The variables of the inner forest F', a proper part of the outer one.
  public let inner: [String]
  /// The common roots.
  public let roots: [String]
  /// The one child that each variable of the outer forest other than the roots keeps.
  public let child: [String: String]
  /// Bidirected edges that connect the inner forest, then the further ones that connect the outer one.
  public let commonCauses: [[String]]
  /// The outcomes and the interventions of the (sub)question that the hedge makes undecidable.
  public let outcomes: [String]
  public let interventions: [String]
}

extension Hedge: CustomStringConvertible {
  public var description: String {
    func list(_ names: [String]) -> String { "{" + names.joined(separator: ", ") + "}" }
    let links = commonCauses.map { $0.joined(separator: " <-> ") }.joined(separator: ", ")
    let met = interventions.filter(outer.contains)
    let end = Set(roots).isSubset(of: outcomes) ? "" : ", which leads to \(outcomes.joined(separator: ", "))"
    return "unmeasured common causes (\(links)) hold \(list(outer)) together, and all of it leads to \(list(roots))\(end); "
      + "without \(met.joined(separator: ", ")) the same is true of \(list(inner)), so what is seen of \(list(inner)) mixes the effect "
      + "of \(met.joined(separator: ", ")) with the unmeasured causes (a hedge: F = \(list(outer)), F' = \(list(inner)))"
  }
}
