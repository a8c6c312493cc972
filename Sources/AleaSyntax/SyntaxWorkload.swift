/// Text for measuring the speed of the front end.
public enum SyntaxWorkload {
  /// A program of at least so many bytes, of the kind people write: models, policies, functions, tables, comments and checks, with
  /// names that differ from model to model.
  public static func text(bytes: Int) -> String {
    var result = ""
    result.reserveCapacity(bytes + 2_000)
    var number = 0
    while result.utf8.count < bytes {
      result += part(number)
      number += 1
    }
    return result
  }

  private static func part(_ n: Int) -> String {
    """
    // Part \(n): how much should a shop order each evening?
    enum Season\(n) { winter\(n), spring\(n), summer\(n), autumn\(n) }
    let prices\(n) = [\((0..<12).map { "\(($0 * 37 + n * 11) % 900).\($0)5" }.joined(separator: ", "))]

    /// The chance that a customer comes back.
    fn returns\(n)(visits: Int, mood: Real): Real = 1 / (1 + exp(-(0.3 * visits - mood ^ 2)))

    /// Single-item inventory control with lost sales.
    mdp Inventory\(n)(capacity: Int = \(20 + n % 30), price: Real = 8, cost: Real = 2, holding: Real = 1, setup: Real = 4) {
      /// Units left in the evening.
      state stock: 0..capacity = 0
      state season: Season\(n) = winter\(n)
      state machines[0..3]: Bool = true
      action order: 0..capacity when stock + order <= capacity and not (season == winter\(n) and order > 5)

      demand ~ Poisson(6 + 0.5 * returns\(n)(3, 0.25))
      sold = min(stock + order, demand)
      stock' = stock + order - sold
      season' ~ match season {
        winter\(n) => {winter\(n): 0.75, spring\(n): 0.25},
        spring\(n) => {spring\(n): 0.5, summer\(n): 0.5},
        summer\(n), autumn\(n) => Uniform({autumn\(n), winter\(n)})
      }
      machines'[m in 0..3] ~ if machines[m] then Bernoulli(0.45 + 0.5 * count(k in 0..3 where k != m: machines[k]) / 3)
                             else Certain(order == 0)

      reward sales: price * sold
      reward upkeep: -holding * (stock + order)
      reward ordering: -(if order > 0 then setup + cost * order else 0)  // a delivery costs
      terminal when stock == capacity and all(m in 0..3: not machines[m])
      discount 0.95
    }

    /// Order up to `level`.
    policy BaseStock\(n)(level: Int) for Inventory\(n) {
      order = max(0, level - stock)
    }

    let best\(n) = solve(Inventory\(n)(capacity: \(50 + n)), by: ValueIteration(tolerance: 1e-9))
    expect(best\(n).value[stock: 0, season: winter\(n)], \(400 + n % 100).918\(n), within: 1e-6)
    expect(all(s in 0..20: best\(n).policy[stock: s] == (if s <= 5 then 9 - s else 0)))
    print("part \(n) is worth \\(best\(n).value[stock: 0])", evaluate(BaseStock\(n)(level: 12), in: Inventory\(n)).bound)


    """
  }
}
