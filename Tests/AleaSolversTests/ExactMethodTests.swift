import AleaModel
import Testing

@testable import AleaSolvers

extension SparseProcess {
  /// The same with every double taken as the fraction it is; rows divided by their sum where asked, as ``ExactChain`` does.
  func inFractions(normalized: Bool) -> SparseProcess {
    var process = self
    func fraction(_ number: Double) -> Rational { Rational(exactly: number) ?? .zero }
    var probability = self.probability.array.map(fraction)
    for choice in 0..<choiceCount where normalized {
      let row = transitions(of: choice)
      let sum = row.reduce(Rational.zero) { $0 + probability[$1] }
      for transition in row { probability[transition] = probability[transition].divided(by: sum) ?? .zero }
    }
    var discount = Rational.one
    switch objective.criterion {
    case .discounted(let factor), .finiteHorizon(_, let factor): discount = fraction(factor)
    default: break
    }
    process.exact = ExactForm(
      probability: probability, rewards: channels.map { $0.reward.array.map(fraction) },
      initial: initial.map { fraction($0.probability) }, discount: discount)
    return process
  }
}

extension ExactRational {
  /// As a fraction in lowest terms is written.
  var fraction: String {
    let lowest = reduced
    return lowest.denominator == 1 ? "\(lowest.numerator)" : "\(lowest.numerator)/\(lowest.denominator)"
  }
}

extension ExactValue {
  var fraction: String {
    switch self {
    case .minusInfinity: "-infinity"
    case .plusInfinity: "infinity"
    case .finite(let value): value.fraction
    }
  }
}

/// The method `Exact` against rational solvers that go through all policies, over numbers of a library of their own.
@Suite struct ExactMethodTests {
  func exact(_ answer: SparseSolution) throws -> [String] { try #require(answer.exact).map(\.description) }

  @Test(arguments: RandomKind.allCases, [true, false])
  func totalsAreTheBestOfAllPolicies(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 4_711)
    var solved = 0
    for round in 0..<30 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .total)
      let signed = maximizes ? process : process.negated
      var best = [ExactValue?](repeating: nil, count: process.stateCount)
      var unsettled = false
      ExactChain.policies(of: signed) { policy in
        for (state, value) in ExactChain(signed, policy).totals().enumerated() {
          guard let value else {
            unsettled = true
            continue
          }
          if best[state].map({ value > $0 }) ?? true { best[state] = value }
        }
      }
      let answer: SparseSolution
      do {
        answer = try Exact().solve(process.inFractions(normalized: true), control: WorkControl())
      } catch let unmet as UnmetRequirement {
        #expect(unsettled, "\(kind) \(round) refused without reason: \(unmet)")
        continue
      }
      solved += 1
      let own = ExactChain(signed, answer.policy.map { Int($0) }).totals()
      for (state, value) in try exact(answer).enumerated() {
        guard let optimum = best[state] else { continue }
        #expect(value == (maximizes ? optimum : optimum.negated).fraction, "\(kind) \(round) state \(state)")
        #expect(own[state] == optimum, "\(kind) \(round) state \(state): the policy has another value")
      }
    }
    #expect(solved >= 8)
  }

  @Test(arguments: RandomKind.allCases, [true, false])
  func probabilitiesAreTheBestOfAllPolicies(kind: RandomKind, maximize: Bool) throws {
    var generator = SeededGenerator(seed: 815)
    for round in 0..<30 {
      let process = kind.process(&generator, maximizes: true, criterion: .total, maxStates: 6)
      let count = process.stateCount
      let target = StateSet((0..<count).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }, count: count)
      func reaching(_ policy: [Int]) -> [ExactRational] {
        ExactChain(process, policy.enumerated().map { target.contains($0.offset) ? -1 : $0.element }).reaching(Set(target.states))
      }
      var best: [ExactRational]?
      ExactChain.policies(of: process) { policy in
        let values = reaching(policy)
        best = best.map { zip($0, values).map { maximize ? max($0, $1) : min($0, $1) } } ?? values
      }
      let answer = try process.inFractions(normalized: true).anyReachability(
        of: target, maximize: maximize, tolerance: 1e-6, control: WorkControl())
      #expect(try exact(answer) == best?.map(\.fraction), "\(kind) \(round)")
    }
  }

  @Test(arguments: RandomKind.allCases, [true, false])
  func discountedValuesAreThoseOfPolicyIteration(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 99)
    for round in 0..<20 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .discounted(0.875), maxStates: 8)
      let answer = try Exact().solve(process.inFractions(normalized: false), control: WorkControl())
      let optimum = try #require(ExactRationalProcess(process).optimalValue(discount: 0.875))
      #expect(try exact(answer) == optimum.map(\.fraction), "\(kind) \(round)")
    }
  }

  @Test(arguments: RandomKind.allCases, [true, false])
  func finiteHorizonsAreThoseOfBackwardInduction(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 31)
    for round in 0..<20 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .finiteHorizon(4, discount: 0.75))
      let answer = try Exact().solve(process.inFractions(normalized: false), control: WorkControl())
      let optimum = ExactRationalProcess(process).finiteHorizonValue(4, discount: 0.75)
      #expect(try exact(answer) == optimum[0].map(\.fraction), "\(kind) \(round)")
    }
  }

  @Test func theLeastUpperAndGreatestLowerDoublesEncloseTheValue() throws {
    let process = HandProcess(states: [[(1, [(0, 0.5), (1, 0.5)])], []]).sparse(Objective(criterion: .total))
    var given = process.inFractions(normalized: true)
    given.exact?.probability = [Rational(1).divided(by: Rational(4)) ?? .zero, Rational(3).divided(by: Rational(4)) ?? .zero]
    let answer = try Exact().solve(given, control: WorkControl())
    #expect(try exact(answer)[0] == "4/3")
    #expect(answer.lower[0] < answer.upper[0] && answer.lower[0].nextUp == answer.upper[0])
    #expect(answer.value[0] == 4.0 / 3)
  }
}

extension ExactMethodTests {
  @Test(arguments: RandomKind.allCases, [true, false])
  func gainsAreTheBestOfAllPolicies(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 2_024)
    for round in 0..<30 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .average)
      var best: [ExactRational]?
      ExactChain.policies(of: process) { policy in
        let gains = ExactChain(process, policy).gains()
        best = best.map { zip($0, gains).map { maximizes ? max($0, $1) : min($0, $1) } } ?? gains
      }
      let answer = try Exact().solve(process.inFractions(normalized: true), control: WorkControl())
      #expect(try exact(answer) == best?.map(\.fraction), "\(kind) \(round)")
      let own = ExactChain(process, answer.policy.map { Int($0) }).gains()
      #expect(own.map(\.fraction) == best?.map(\.fraction), "\(kind) \(round): the policy has another gain")
    }
  }

  /// Random equations, solved by remainders, by elimination in fractions, and by Bareiss's elimination over other integers.
  @Test func remaindersGiveWhatEliminationGives() throws {
    var generator = SeededGenerator(seed: 1_982)
    for count in [1, 2, 5, 13, 24, 40] {
      let denominator = [7, 10, 64, 1_000_003][count % 4]
      let rows = (0..<count).map { _ in
        (0..<Int.random(in: 1...4, using: &generator)).map { _ in
          (Int.random(in: 0..<count, using: &generator), Int.random(in: 0...(denominator / 5), using: &generator))
        }
      }
      let side = (0..<count).map { _ in Int.random(in: -50...50, using: &generator) }
      let fractions = rows.map { row in
        row.map { (column: $0.0, weight: Rational($0.1).divided(by: Rational(denominator)) ?? .zero) }
      }
      let constants = side.map { Rational($0).divided(by: 3) ?? .zero }
      var matrix = (0..<count).map { i in (0..<count).map { $0 == i ? ExactRational.one : .zero } }
      for (number, row) in rows.enumerated() {
        for (column, weight) in row { matrix[number][column] += -(ExactRational(weight) / ExactRational(denominator)) }
      }
      let known = try #require(ExactLinear.solve(matrix, side.map { ExactRational($0) / ExactRational(3) })).map(\.fraction)
      for mostEliminated in [0, count] {
        let system = try ExactSystem(fractions, mostEliminated: mostEliminated, control: WorkControl())
        #expect(try system.solve(constants, control: WorkControl()).map(\.description) == known, "\(count) unknowns")
      }
    }
  }

  @Test func workIsCancelled() throws {
    let count = 60
    let rows = (0..<count).map { [(column: ($0 + 1) % count, weight: Rational(1).divided(by: 2) ?? .zero)] }
    let stopped = WorkControl(report: { _ in false })
    for mostEliminated in [0, count] {
      #expect(throws: WorkCancelled.self) {
        let system = try ExactSystem(rows, mostEliminated: mostEliminated, control: stopped)
        _ = try system.solve(Array(repeating: .one, count: count), control: stopped)
      }
    }
  }
}
