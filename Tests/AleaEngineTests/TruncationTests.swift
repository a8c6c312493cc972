import AleaModel
import AleaSyntax
import Foundation
import Testing

@testable import AleaEngine
@testable import AleaNumerics

@Suite struct TruncationTests {
  @Test func lostSalesSaturateSoNothingIsCut() throws {
    let explored = try Explorer.explore(inventory(capacity: 20, rate: 6).process)
    #expect(explored.sparse.truncation == nil)
    // Beyond the capacity a larger demand changes nothing; the probability of selling out is the whole tail.
    let full = try #require(explored.states.index(of: [20]))
    let row = explored.sparse.transitions(of: explored.sparse.choices(of: full).lowerBound)
    let empty = try #require(explored.states.index(of: [0]))
    let soldOut = row.first { explored.sparse.successor[$0] == Int32(empty) }
    let expected = (20..<80).map { poisson($0, 6) }.reduce(0, +)
    #expect(abs(explored.sparse.probability[try #require(soldOut)] - expected) < 1e-12 * expected)
  }

  @Test(arguments: [1e-3, 1e-6, 1e-12]) func whatIsLeftOutIsBounded(tailMass: Double) throws {
    // A queue of unbounded arrivals with a cap far out, and rewards linear and quadratic in the arrivals.
    let b = ModelBuilder()
    let queue = b.state("queue", .range(0, 400), 0)
    let arrivals = b.draw("arrivals", .integers, b.law(.poisson, b[3.5]))
    b.next(queue, minimum(b[400], arrivals))
    b.reward("tolls", arrivals * 2)
    var options = ExplorationOptions()
    options.tailMass = tailMass
    let sparse = try Explorer.explore(b.process, options: options).sparse
    let truncation = try #require(sparse.truncation)
    #expect(truncation.mass[0] <= tailMass && truncation.mass[0] > 0)
    // The true mean is 2 * 3.5; the rows are short of it by less than the stated slack, which is tight here.
    let gap = 7 - sparse.channels[0].reward[0]
    #expect(gap >= -1e-14 && gap <= truncation.rewardSlack[0] + 1e-14)
    #expect(truncation.rewardSlack[0] <= gap + 1e-13)
  }

  @Test func aRewardWithoutBoundIsSaid() throws {
    let b = ModelBuilder()
    let x = b.state("x", .boolean, 0)
    let n = b.draw("n", .integers, b.law(.geometric, b[0.5]))
    b.next(x, x)
    b.reward("square", n * n)
    let explored = try Explorer.explore(b.process)
    #expect(explored.sparse.truncation?.rewardSlack[0] == .infinity)
    #expect(explored.sparse.truncation?.mass[0] == 0)
    #expect(explored.warnings.count == 1)
    #expect(explored.warnings.first?.message.contains("`n`") ?? false)
  }

  @Test func probabilitiesOfNamedLaws() {
    // Poisson: ratio of neighbours is rate/k; total 1. Binomial against exact small cases (Pascal).
    for rate in [0.1, 3, 17.5, 400, 12345] {
      var total = 0.0
      for k in 0...Int(rate + 60 * rate.squareRoot() + 40) {
        let p = DiscreteProbability.poisson(Double(k), rate: rate)
        total += p
        let q = DiscreteProbability.poisson(Double(k + 1), rate: rate)
        if p > 1e-280, q > 1e-280 { #expect(abs(q / p * Double(k + 1) / rate - 1) < 1e-11) }
      }
      #expect(abs(total - 1) < 1e-12)
    }
    #expect(abs(DiscreteProbability.binomial(3, trials: 5, probability: 0.25) - 10 * 9 / 1024) < 1e-16)
    #expect(abs(DiscreteProbability.binomial(50, trials: 100, probability: 0.5) / 0.07958923738717877 - 1) < 1e-14)
    // E[(X - m)+] by the identity rate P(X >= m) - m P(X > m).
    for (rate, m) in [(6.0, 3.0), (6, 9), (100, 110)] {
      let direct = DiscreteProbability.poissonExcess(over: m, rate: rate)
      let identity =
        rate * DiscreteProbability.poissonTail(above: m - 1, rate: rate) - m
        * DiscreteProbability.poissonTail(above: m, rate: rate)
      #expect(abs(direct - identity) < 1e-12 * rate)
    }
  }

  @Test func manyDrawsAreMergedBeforeTheyMultiply() throws {
    // Jack's car rental (Sutton and Barto, example 4.2): four Poisson draws, at most 11 moves.
    let cars = 10
    let capacity = cars
    let b = ModelBuilder("Jack")
    let first = b.state("first", .range(0, cars), 5)
    let second = b.state("second", .range(0, cars), 5)
    let move = b.action("move", .range(-5, 5))
    b.process.availability.append((move <= first).id)
    b.process.availability.append((-move <= second).id)
    let request1 = b.draw("request1", .integers, b.law(.poisson, b[3]))
    let request2 = b.draw("request2", .integers, b.law(.poisson, b[4]))
    let return1 = b.draw("return1", .integers, b.law(.poisson, b[3]))
    let return2 = b.draw("return2", .integers, b.law(.poisson, b[2]))
    let at1 = minimum(first - move, b[Double(cars)])
    let at2 = minimum(second + move, b[Double(cars)])
    let rent1 = b.value("rent1", .integers, minimum(at1, request1))
    let rent2 = b.value("rent2", .integers, minimum(at2, request2))
    b.next(first, minimum(at1 - rent1 + return1, b[Double(cars)]))
    b.next(second, minimum(at2 - rent2 + return2, b[Double(cars)]))
    b.reward("rents", (rent1 + rent2) * 10)
    b.reward("moves", -(move.apply(.abs) * 2))
    let explored = try Explorer.explore(b.process)
    let sparse = explored.sparse
    #expect(sparse.stateCount == (cars + 1) * (cars + 1))
    #expect(sparse.truncation == nil)
    // One row by hand: from (3, 5), moving 1 car, the next state factorises over the places.
    func next(_ cars: Int, _ out: Double, _ back: Double, _ target: Int) -> Double {
      var sum = 0.0
      for r in 0..<60 {
        for q in 0..<60 where min(capacity, cars - min(cars, r) + q) == target { sum += poisson(r, out) * poisson(q, back) }
      }
      return sum
    }
    let state = try #require(explored.states.index(of: [3, 5]))
    let choice = try #require(
      sparse.choices(of: state).first { explored.actions.values(of: Int(explored.choiceAction[$0])) == [1] })
    for (a, c) in [(2, 6), (0, 0), (5, 9), (10, 10)] {
      let target = try #require(explored.states.index(of: [Double(a), Double(c)]))
      let k = sparse.transitions(of: choice).first { sparse.successor[$0] == Int32(target) }
      let expected = next(2, 3, 3, a) * next(6, 4, 2, c)
      #expect(abs((k.map { sparse.probability[$0] } ?? 0) - expected) < 1e-13)
    }
    var rents = 0.0
    for r in 0..<60 { rents += 10 * (poisson(r, 3) * Double(min(2, r)) + poisson(r, 4) * Double(min(6, r))) }
    #expect(abs(sparse.channels[0].reward[choice] - rents) < 1e-11)
    #expect(sparse.channels[1].reward[choice] == -2)
  }
}
