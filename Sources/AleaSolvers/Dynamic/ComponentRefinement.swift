import AleaModel

/// A number kept as the unevaluated sum of two doubles, about 32 digits.
///
/// Sums and products have a relative error of a few `2^-104` (Joldes, Muller and Popescu, *Tight and rigorous error bounds for basic
/// building blocks of double-word arithmetic*, ACM TOMS 44, 2017); the bounds here assume `2^-98` of the sum of magnitudes a term.
struct DoubleWord {
  var high: Double
  var low: Double

  init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  static func sum(_ a: Double, _ b: Double) -> DoubleWord {
    let s = a + b
    let t = s - a
    return DoubleWord(s, (a - (s - t)) + (b - t))
  }
  static func product(_ a: Double, _ b: Double) -> DoubleWord {
    let p = a * b
    return DoubleWord(p, (-p).addingProduct(a, b))
  }
  static func + (a: DoubleWord, b: DoubleWord) -> DoubleWord {
    let s = sum(a.high, b.high)
    let t = sum(a.low, b.low)
    let c = s.low + t.high
    let v = quick(s.high, c)
    return quick(v.high, t.low + v.low)
  }
  static func - (a: DoubleWord, b: DoubleWord) -> DoubleWord { a + DoubleWord(-b.high, -b.low) }
  static func * (a: DoubleWord, b: Double) -> DoubleWord {
    let p = product(a.high, b)
    return quick(p.high, p.low + a.low * b)
  }
  static func * (a: DoubleWord, b: DoubleWord) -> DoubleWord {
    let p = product(a.high, b.high)
    return quick(p.high, p.low + (a.high * b.low + a.low * b.high))
  }
  private static func quick(_ a: Double, _ b: Double) -> DoubleWord {
    let s = a + b
    return DoubleWord(s, b - (s - a))
  }

  /// Relative to the sum of magnitudes, for each term of a sum of products.
  static let unit = 0x1p-98
}

extension Rows {
  /// What a state loses by a choice, `S v(s) - (r S + sum of p v)` with `S` the row's sum, and a bound on the error of that.
  func loss(_ choice: Int, of state: Int, _ value: (Int) -> DoubleWord) -> (loss: DoubleWord, error: Double) {
    var mass = DoubleWord(0)
    var ahead = DoubleWord(0)
    var magnitude = 0.0
    let transitions = transitions(of: choice)
    for transition in transitions {
      let p = probability[transition]
      let next = value(Int(successor[transition]))
      mass = mass + DoubleWord(p)
      ahead = ahead + next * p
      magnitude += p * next.high.magnitude
    }
    let own = value(state)
    let gain = mass * reward[choice]
    let loss = (mass * own - gain) - ahead
    magnitude += mass.high * (own.high.magnitude + reward[choice].magnitude)
    // Merged probabilities are only as good as doubles are.
    let merging = mergedTerms * Rounding.unit
    let error = (Double(transitions.count) + 8) * (DoubleWord.unit + merging) * magnitude + Double.leastNormalMagnitude
    return (loss, error)
  }
}
