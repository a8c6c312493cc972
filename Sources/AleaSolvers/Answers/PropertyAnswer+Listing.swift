import AleaEngine
import AleaModel

extension PropertyAnswer {
  /// A number with guaranteed bounds, and as a fraction when it is known.
  public struct Enclosed: Sendable {
    public var value: Double
    public var lower: Double
    public var upper: Double
    public var exact: ExactValue?
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
    public var states: [Int]
    /// How many states of the filter are not among them, because the number is zero or the condition false.
    public var leftOut: Int
    public var solution: SparseSolution
    /// The states in which the property holds; nil where it is a number.
    public var truth: StateSet?
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
