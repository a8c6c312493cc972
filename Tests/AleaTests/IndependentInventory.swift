import Foundation

/// The inventory of `Examples/inventory.alea` from the words of the problem, solved by plain Gaussian elimination: nothing here
/// knows of the language.
struct IndependentInventory {
  let capacity: Int
  let discount: Double
  /// Probability of every next stock, and the expected earnings, by stock and order.
  private(set) var transition: [[[Double]]] = []
  private(set) var reward: [[Double]] = []

  init(
    capacity: Int = 20, price: Double = 8, cost: Double = 2, holding: Double = 1, setup: Double = 4, meanDemand: Double = 6,
    discount: Double = 0.95
  ) {
    self.capacity = capacity
    self.discount = discount
    for stock in 0...capacity {
      var rows: [[Double]] = []
      var earnings: [Double] = []
      for order in 0...(capacity - stock) {
        let level = stock + order
        var row = [Double](repeating: 0, count: capacity + 1)
        var expectedSales = 0.0
        // Demands below the level leave something; all others empty the shelf.
        var probability = exp(-meanDemand)
        var rest = 1.0
        for demand in 0..<level {
          row[level - demand] = probability
          expectedSales += probability * Double(demand)
          rest -= probability
          probability *= meanDemand / Double(demand + 1)
        }
        row[0] += rest
        expectedSales += rest * Double(level)
        rows.append(row)
        let paid = order > 0 ? setup + cost * Double(order) : 0
        earnings.append(price * expectedSales - holding * Double(level) - paid)
      }
      transition.append(rows)
      reward.append(earnings)
    }
  }

  /// The value of a policy: (I - discount P) v = r.
  func value(of policy: [Int]) -> [Double] {
    var matrix = policy.indices.map { stock in
      policy.indices.map { next in (stock == next ? 1 : 0) - discount * transition[stock][policy[stock]][next] }
    }
    var right = policy.indices.map { reward[$0][policy[$0]] }
    return Self.solve(&matrix, &right)
  }

  /// What an order is worth when a value holds from tomorrow on.
  func worth(of order: Int, at stock: Int, then value: [Double]) -> Double {
    reward[stock][order] + discount * zip(transition[stock][order], value).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Howard's policy iteration.
  func optimum() -> (value: [Double], policy: [Int]) {
    var policy = [Int](repeating: 0, count: capacity + 1)
    while true {
      let value = value(of: policy)
      var improved = policy
      for stock in 0...capacity {
        for order in 0...(capacity - stock)
        where worth(of: order, at: stock, then: value) > worth(of: improved[stock], at: stock, then: value) + 1e-9 {
          improved[stock] = order
        }
      }
      if improved == policy { return (value, policy) }
      policy = improved
    }
  }

  /// Gaussian elimination with partial pivoting.
  private static func solve(_ matrix: inout [[Double]], _ right: inout [Double]) -> [Double] {
    let n = right.count
    for column in 0..<n {
      let pivot = (column..<n).max { abs(matrix[$0][column]) < abs(matrix[$1][column]) }!
      matrix.swapAt(column, pivot)
      right.swapAt(column, pivot)
      for row in (column + 1)..<n {
        let factor = matrix[row][column] / matrix[column][column]
        if factor == 0 { continue }
        for k in column..<n { matrix[row][k] -= factor * matrix[column][k] }
        right[row] -= factor * right[column]
      }
    }
    var solution = [Double](repeating: 0, count: n)
    for row in stride(from: n - 1, through: 0, by: -1) {
      var sum = right[row]
      for k in (row + 1)..<n { sum -= matrix[row][k] * solution[k] }
      solution[row] = sum / matrix[row][row]
    }
    return solution
  }
}
