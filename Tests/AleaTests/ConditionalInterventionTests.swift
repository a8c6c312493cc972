import Alea
import Testing

/// `do` with an expression of other variables: what is set follows a plan.
@Suite struct ConditionalInterventionTests {
  /// E y = E 2 z^2 = 2 P(z = 1) when x is set to z, whatever moved x before; and 4 P(z = 1) when it is set to twice that.
  @Test func plansOfMechanisms() throws {
    try CausalReferenceTests.run(
      """
      causal M {
        latent u ~ Normal(0, 1)
        z ~ Bernoulli(0.4)
        x ~ Bernoulli(0.2 + 0.1 * z)
        y ~ Normal(2 * x * z + u, 1)
      }
      let gain = 2
      let plan = sample(do(M, x: z), rows: 20000, seed: 3)
      let twice = sample(do(M, x: gain * z), rows: 20000, seed: 3)
      expect(count(plan.x != plan.z), 0)
      expect(count(twice.x != 2 * twice.z), 0)
      // The error of each mean is about sqrt(2 + 1) / sqrt(20000) = 0.012.
      expect(mean(plan.y), 2 * 0.4, within: 0.05)
      expect(mean(twice.y), 4 * 0.4, within: 0.06)
      // Names bound around the call stand for their values.
      let shares = [z in 0..1: mean(sample(do(M, x: z), rows: 10, seed: 1).x)]
      expect(shares == [0, 1])
      """, atLeast: 5, "plans")
  }

  /// In a graph what is set loses its causes and depends on what the plan mentions.
  @Test func plansOfGraphs() throws {
    try CausalReferenceTests.run(
      """
      causal G {
        z -> {x, y}
        w -> x -> y
        x <-> y
      }
      let H = do(G, x: 1 - z)
      expect(identify(effect(of: G.x, on: G.y)), false)
      expect(independent(H.x, H.w))
      expect(independent(H.x, H.z), false)
      expect(identify(effect(of: H.x, on: H.y)).estimand, "Σ_z P(z) · P(y | z, x)")
      """, atLeast: 4, "graph plans")
  }
}
