import Alea
import Foundation
import Testing

/// The inventory example against a dense linear solve that knows nothing of the language.
@Suite struct InventoryTests {
  static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples/inventory.alea").path

  /// A number that the session computes.
  private func number(_ session: Session, _ question: String) throws -> Double {
    switch try session.evaluate(question) {
    case .real(let value): return value
    case .integer(let value): return Double(value)
    default: throw CocoaError(.coderInvalidValue)
    }
  }

  @Test func valuesAndPolicyAgreeWithALinearSolve() throws {
    let independent = IndependentInventory()
    let (value, policy) = independent.optimum()
    let session = Session()
    try session.load(file: Self.example)
    let bound = try number(session, "solve(Inventory).bound")
    #expect(bound <= 1e-6)
    for stock in 0...20 {
      let found = try number(session, "solve(Inventory).value[stock: \(stock)]")
      #expect(abs(found - value[stock]) <= bound + 1e-9)
      #expect(try number(session, "solve(Inventory).policy[stock: \(stock)]") == Double(policy[stock]))
    }
  }

  @Test(arguments: [0, 3, 9, 12, 20]) func policiesAreEvaluatedExactly(level: Int) throws {
    let independent = IndependentInventory()
    let value = independent.value(of: (0...20).map { max(0, level - $0) })
    let session = Session()
    try session.load(file: Self.example)
    for stock in [0, 7, 20] {
      let found = try number(session, "evaluate(BaseStock(level: \(level)), in: Inventory).value[stock: \(stock)]")
      #expect(abs(found - value[stock]) <= 1e-7)
    }
  }

  @Test(arguments: [(0.0, 8.0), (4.0, 8.0), (10.0, 5.0)]) func otherPricesToo(setup: Double, price: Double) throws {
    let (value, _) = IndependentInventory(price: price, setup: setup).optimum()
    let session = Session()
    try session.load(file: Self.example)
    let found = try number(session, "solve(Inventory(setup: \(setup), price: \(price))).value[stock: 0]")
    #expect(abs(found - value[0]) <= 1e-6)
  }
}
