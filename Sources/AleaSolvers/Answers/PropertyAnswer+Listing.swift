import AleaEngine
import AleaModel

extension PropertyAnswer {
  /// A number with guaranteed bounds, and as a fraction when it is known.
  public struct Enclosed: Sendable {
    /// The middle of the bounds, or the number itself where it is known exactly.
    public var value: Double
    public var lower: Double
    public var upper: Double
    /// Nil where double precision was enough.
    public var exact: ExactValue?

    /// - Parameters:
    ///   - lower: no more than the number.
    ///   - upper: no less than the number.
    public init(value: Double, lower: Double, upper: Double, exact: ExactValue? = nil) {
      self.value = value
      self.lower = lower
      self.upper = upper
      self.exact = exact
    }
  }

  /// What `filter(range, ...)` gives: the least and the greatest number over some states.
  public struct Interval: Sendable {
    public var least: Enclosed
    public var greatest: Enclosed
    /// How many states were looked at.
    public var states: Int

    /// - Parameter states: how many states were looked at.
    public init(least: Enclosed, greatest: Enclosed, states: Int) {
      self.least = least
      self.greatest = greatest
      self.states = states
    }
  }

  /// What `filter(print, ...)` and `filter(printall, ...)` list: states with their numbers or truths.
  public struct Listing: Sendable {
    /// The property whose numbers they are, as written.
    public var property: String
    /// The states listed, by number.
    public var states: [Int]
    /// How many states of the filter are not among them, because the number is zero or the condition false.
    public var leftOut: Int
    /// The numbers of all states of the model.
    public var solution: SparseSolution
    /// The states in which the property holds; nil where it is a number.
    public var truth: StateSet?

    /// - Parameters:
    ///   - states: the states listed, by number.
    ///   - solution: the numbers of all states of the model.
    ///   - truth: the states in which the property holds, where it is no number.
    public init(property: String, states: [Int], leftOut: Int, solution: SparseSolution, truth: StateSet? = nil) {
      self.property = property
      self.states = states
      self.leftOut = leftOut
      self.solution = solution
      self.truth = truth
    }
  }

  /// Every state of the listings with its variables, in full.
  var listingsJSON: JSONValue {
    let naming = StateNaming(explored)
    return .array(
      listings.map { listing in
        let states: [JSONValue] = listing.states.map { state in
          let variables = naming.fields(of: state).map { JSONValue.Member($0.name, $0.value.json) }
          guard let truth = listing.truth else {
            let exact = listing.solution.exactValue(of: state).map { [JSONValue.Member("exact", .string($0.description))] }
            return .object(
              [
                .init("state", .object(variables)), .init("value", .number(listing.solution.value[state])),
                .init("lower", .number(listing.solution.lower[state])), .init("upper", .number(listing.solution.upper[state])),
              ] + (exact ?? []))
          }
          return .object([.init("state", .object(variables)), .init("holds", .boolean(truth.contains(state)))])
        }
        return .object([
          .init("property", .string(listing.property)), .init("states", .array(states)),
          .init("left_out", .integer(listing.leftOut)),
        ])
      })
  }
}
