import AleaModel
import AleaNumerics

/// A constant and the controls of an effect as columns, without controls that add nothing to those before them.
///
/// Adjusting for a control that is a linear combination of others, or that never varies, changes no estimate; it is left out of the
/// columns, and said.
struct ControlDesign {
  private(set) var matrix: Matrix
  /// The names of the columns, "constant" first.
  private(set) var names = ["constant"]
  private(set) var notes: [String] = []

  init(_ problem: EffectProblem, _ controls: [String]) throws {
    let rows = problem.data.rowCount
    matrix = Matrix(rows: rows, columns: 1, elements: [Double](repeating: 1, count: rows))
    for name in controls {
      let wider = matrix.appending(Matrix(column: try problem.numbers(name)))
      if rows > wider.columns, wider.qr() == nil {
        notes.append(
          names.count == 1 || isConstant(wider)
            ? "`\(name)` has the same value in every row: there is nothing to adjust for"
            : "`\(name)` is a linear combination of \(names.dropFirst().joined(separator: ", ")): adjusting for \(names.count == 2 ? "that" : "them") adjusts for it"
        )
        continue
      }
      matrix = wider
      names.append(name)
    }
  }

  /// Adds a column that must not be a combination of the others.
  mutating func append(_ name: String, _ numbers: [Double], _ problem: EffectProblem) throws {
    let wider = matrix.appending(Matrix(column: numbers))
    if matrix.rows > wider.columns, wider.qr() == nil {
      throw EffectRefusal(
        "`\(name)` is a linear combination of \(names.dropFirst().joined(separator: ", ")): the data cannot tell the effects apart",
        at: .data)
    }
    matrix = wider
    names.append(name)
  }

  private func isConstant(_ columns: Matrix) -> Bool {
    let last = columns.column(columns.columns - 1)
    return last.allSatisfy { $0 == last[0] }
  }

  /// That a cause or an instrument varies among rows that are alike in the controls.
  func checkVariation(of name: String, _ problem: EffectProblem) throws {
    let wider = matrix.appending(try problem.matrix([name]))
    guard matrix.rows > wider.columns, matrix.qr() != nil, wider.qr() == nil else { return }
    let controls = names.dropFirst().joined(separator: ", ")
    throw EffectRefusal(
      "`\(name)` is a linear combination of \(controls): rows that are alike in \(names.count == 2 ? "it" : "them") do not differ in \(name)",
      at: .data, notes: ["the data must hold rows that agree in \(controls) and differ in \(name)"])
  }
}
