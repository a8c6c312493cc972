import Alea
import Testing

/// Questions about the graph of one step of a decision model, against the joint law of a step written out by hand.
@Suite struct StepGraphTests {
  static let clinic = """
    mdp Clinic {
      latent  u ~ {0: 0.5, 1: 0.5}
      state   s: 0..1 = 0
      observe z ~ {0: 0.5, 1: 0.5}
      action  treat: 0..1
      s' ~ Bernoulli(0.3 - 0.1 * treat + 0.2 * s + 0.3 * u)
      reward s - 0.3 * treat + 2 * u
      discount 0.9
    }
    policy Doctor for Clinic { treat ~ Bernoulli(0.1 + 0.3 * z + 0.3 * u + 0.1 * s) }

    """

  static let names = ["u", "s", "z", "treat", "s'", "reward"]

  /// P(u, s, z, treat, s', reward) with the state's law at some step, as cells of values; the policy is a table over what it reads.
  static func joint(_ policy: (_ s: Int, _ z: Int, _ u: Int) -> Double) -> [([Double], Double)] {
    var cells: [([Double], Double)] = []
    for u in 0...1 {
      for s in 0...1 {
        for z in 0...1 {
          for treat in 0...1 {
            for next in 0...1 {
              let p = policy(s, z, u)
              let q = 0.3 - 0.1 * Double(treat) + 0.2 * Double(s) + 0.3 * Double(u)
              let weight =
                0.5 * (s == 1 ? 0.37 : 0.63) * 0.5 * (treat == 1 ? p : 1 - p) * (next == 1 ? q : 1 - q)
              let reward = Double(s) - 0.3 * Double(treat) + 2 * Double(u)
              cells.append(([Double(u), Double(s), Double(z), Double(treat), Double(next), reward], weight))
            }
          }
        }
      }
    }
    return cells
  }

  /// Whether two variables are independent given others, from the cells.
  static func isIndependent(_ a: Int, _ b: Int, given: [Int], in cells: [([Double], Double)]) -> Bool {
    var whole: [[Double]: Double] = [:]
    var withA: [[Double]: Double] = [:]
    var withB: [[Double]: Double] = [:]
    var alone: [[Double]: Double] = [:]
    for (values, weight) in cells {
      let key = given.map { values[$0] }
      whole[key + [values[a], values[b]], default: 0] += weight
      withA[key + [values[a]], default: 0] += weight
      withB[key + [values[b]], default: 0] += weight
      alone[key, default: 0] += weight
    }
    for (x, p) in withA {
      let key = Array(x.dropLast())
      for (y, q) in withB where Array(y.dropLast()) == key {
        let both = whole[key + [x[x.count - 1], y[y.count - 1]]] ?? 0
        if abs(both * (alone[key] ?? 0) - p * q) > 1e-12 { return false }
      }
    }
    return true
  }

  /// Whatever the graph separates is independent in the law; and where the graph is open, the law is dependent, but for coincidences of
  /// these numbers (the reward tells s, treat and u).
  private func compare(under: String, _ policy: (_ s: Int, _ z: Int, _ u: Int) -> Double) throws {
    let session = Session()
    session.isSilent = true
    try session.run(text: Self.clinic, name: "clinic.alea")
    let cells = Self.joint(policy)
    var separated = 0
    var open = 0
    for a in 0..<6 {
      for b in 0..<a {
        let rest = (0..<6).filter { $0 != a && $0 != b }
        for bits in 0..<(1 << rest.count) {
          let given = rest.indices.filter { bits >> $0 & 1 == 1 }.map { rest[$0] }
          let list = given.map { "Clinic.\(Self.names[$0])" }.joined(separator: ", ")
          let claim = try session.evaluate(
            "independent(Clinic.\(Self.names[a]), Clinic.\(Self.names[b]), given: [\(list)]\(under)).holds")
          guard case .boolean(let holds) = claim else {
            Issue.record("\(claim)")
            return
          }
          let truth = Self.isIndependent(a, b, given: given, in: cells)
          if holds {
            separated += 1
            #expect(truth, "\(Self.names[a]) \(Self.names[b]) given \(list)")
          } else if !given.contains(5) {
            open += 1
            #expect(!truth, "\(Self.names[a]) \(Self.names[b]) given \(list)")
          }
        }
      }
    }
    #expect(separated >= 12 && open > 50, "\(separated) \(open)")
  }

  @Test func anyPolicy() throws {
    try compare(under: "") { s, z, _ in [0.2, 0.7, 0.45, 0.9][s * 2 + z] }
  }

  @Test func underAPolicy() throws {
    try compare(under: ", under: Doctor") { s, z, u in 0.1 + 0.3 * Double(z) + 0.3 * Double(u) + 0.1 * Double(s) }
  }

  @Test func effectsOfActions() throws {
    try CausalReferenceTests.run(
      Self.clinic + """
        let harm = effect(of: Clinic.treat, on: [Clinic.reward, Clinic.s'])
        expect(identify(harm).estimand, "Σ_s P(s) · P(s', reward | s, treat)")
        expect(identify(effect(of: Clinic.treat, on: Clinic.reward, under: Doctor)), false)
        expect(instruments(effect(of: Clinic.treat, on: Clinic.reward, under: Doctor)).names, ["z"])
        expect(adjustmentSets(effect(of: Clinic.treat, on: Clinic.s', under: Doctor)).path, "treat <- u -> s'")
        bandit Ads {
          context age: 0..3 ~ Uniform(0..3)
          action ad: {A, B}
          reward ~ Bernoulli(if ad == A then 0.1 * age else 0.2)
          horizon 100
        }
        expect(identify(effect(of: Ads.ad, on: Ads.reward)).estimand, "Σ_age P(age) · P(reward | age, ad)")
        mdp Pair {
          state a: 0..1 = 0
          state b: 0..1 = 0
          action go: 0..1
          a' = go
          b' = a
          reward a + b
          discount 0.9
        }
        expect(independent(Pair.a, Pair.b), false)
        expect(independent(Pair.a', Pair.b'), false)
        expect(independent(Pair.a', Pair.b', given: [Pair.a]))
        """, atLeast: 8, "actions")
  }
}
