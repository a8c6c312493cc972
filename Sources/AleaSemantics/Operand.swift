import AleaModel
import AleaSyntax

/// What an expression comes out as: a known value, or an expression of the process being built, or a structure of those.
///
/// One evaluator serves queries and models: at the top level everything is known; in a model, states, actions and draws are not, and
/// the same code yields expressions. That is partial evaluation: sizes, sets and parameters are always known.
indirect enum Operand {
  case value(Value)
  case scalar(ExpressionID)
  /// Elements over index values: 0, 1, 2, ... for plain arrays, the members of the index set for families.
  case array([Operand], index: ArrayIndex)
  case record([(name: String, operand: Operand)])
  case distribution(Distribution, ScalarType)
  /// While a program is only checked: the result of a query that was not run. It goes with everything.
  case unchecked(String)
}

/// The values by which an array is indexed.
enum ArrayIndex {
  case positions
  case domain(Domain)
}

/// A domain with its structure.
indirect enum DomainShape {
  case scalar(Domain)
  case array(index: Domain, DomainShape)
  case record([(name: String, shape: DomainShape)])
}
