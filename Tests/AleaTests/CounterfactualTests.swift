import Alea
import Testing

/// Counterfactuals of linear models with normal noise, and rows drawn from causal models.
@Suite struct CounterfactualTests {
  private func number(_ session: Session, _ expression: String) throws -> Double {
    switch try session.evaluate(expression) {
    case .real(let value): value
    case .integer(let value): Double(value)
    default: .nan
    }
  }

  static let primer = """
    causal Student {
      latent uX ~ Normal(0, 1)
      latent uH ~ Normal(0, 1)
      latent uY ~ Normal(0, 1)
      encouragement = uX
      homework = 0.5 * encouragement + uH
      score = 0.7 * encouragement + 0.4 * homework + uY
    }

    """

  /// Pearl, Glymour and Jewell, Causal Inference in Statistics: A Primer (2016), section 4.2.3: 1.90, with the noises 0.5, 0.75, 0.75.
  @Test func primer() throws {
    let session = Session()
    try session.run(
      text: Self.primer
        + "let joe = counterfactual(Student, given: (encouragement: 0.5, homework: 1.0, score: 1.5), do: (homework: 2.0))",
      name: "student.alea")
    #expect(abs(try number(session, "joe.score") - 1.9) < 1e-12)
    #expect(abs(try number(session, "joe.uX") - 0.5) < 1e-12)
    #expect(abs(try number(session, "joe.uH") - 0.75) < 1e-12)
    #expect(abs(try number(session, "joe.uY") - 0.75) < 1e-12)
  }

  /// Less was seen: by hand, with y = b x + e, x = u: given y = 2, E u = 2 b / (b^2 + 1).
  @Test func partialEvidence() throws {
    let session = Session()
    try session.run(
      text: """
        causal Pair {
          x ~ Normal(0, 1)
          latent noise ~ Normal(0, 1)
          y = 3 * x + noise
        }
        let other = counterfactual(Pair, given: (y: 2), do: (x: 0))
        """, name: "pair.alea")
    // The noise given y = 2 has mean 2 / 10; with x set to 0, y is the noise.
    #expect(abs(try number(session, "other.y") - 0.2) < 1e-12)
  }

  @Test func rowsDoNotDependOnThreadsAndFollowTheModel() throws {
    let text = """
      causal Market {
        latent shock ~ Normal(0, 1)
        season ~ Uniform(0, 10)
        rain ~ {wet: 0.3, dry: 0.7}
        price = 20 + season + 2 * shock
        sales ~ Normal(100 - 2 * price + (if rain == wet then 5 else 0), 1)
      }
      let data = sample(Market, rows: 4000, seed: 3)
      """
    var tables: [String] = []
    for threads in [1, 2] {
      var configuration = Session.Configuration()
      configuration.threads = threads
      let session = Session(configuration: configuration)
      try session.run(text: text, name: "market.alea")
      tables.append("\(try session.evaluate("[data.price[17], data.sales[3999], sum(data.sales), sum(data.season)]"))")
      #expect(abs(try number(session, "mean(data.season)") - 5) < 4 * 2.887 / 63.2)
      #expect(abs(try number(session, "mean(data.price)") - 25) < 4 * (8.33 + 4).squareRoot() / 63.2)
      #expect(abs(try number(session, "mean(data.sales)") - 51.5) < 4 * 8 / 63.2)
      #expect("\(try session.evaluate("data.columns"))" == "[season, rain, price, sales]")
    }
    #expect(tables[0] == tables[1])
  }

  @Test func faultsNameTheRow() throws {
    let session = Session()
    let error = #expect(throws: DiagnosticError.self) {
      try session.run(
        text: """
          causal Broken {
            x ~ Normal(0, 1)
            y = sqrt(x)
          }
          let data = sample(Broken, rows: 100, seed: 1)
          """, name: "broken.alea")
    }
    let diagnostic = try #require(error?.diagnostics.first)
    #expect(diagnostic.message == "square root of a negative number")
    #expect(diagnostic.notes.last?.hasPrefix("in row ") == true)
  }

  /// `let log = ...` holds data, and `log(x)` is still the logarithm.
  @Test func aValueMayBeCalledLikeAFunction() throws {
    let session = Session()
    try session.run(
      text: """
        causal Line {
          x ~ Normal(0, 1)
          y = 2 * x + 1
        }
        let log = sample(Line, rows: 10, seed: 1)
        fn f(v: Real): Real = log(v)
        """, name: "line.alea")
    #expect(abs(try number(session, "f(e)") - 1) < 1e-15)
    #expect(abs(try number(session, "log.y[3] - 2 * log.x[3]") - 1) < 1e-12)
  }
}
