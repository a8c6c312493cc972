import Alea
import Foundation
import Testing

/// Broken files of states and transitions, arrays and graphs: each with the message it gets, place included.
@Suite struct WrongFormatTests {
  struct Wrong: Sendable {
    var files: [String: String]
    var message: String
    init(_ file: String, _ text: String, _ message: String, with others: [String: String] = [:]) {
      files = others.merging([file: text]) { first, _ in first }
      self.message = message
      path = file
    }
    var path: String
  }

  static let chain = "2 2\n0 1 1\n1 1 1\n"
  static func drn(_ states: String, kind: String = "MDP", count: Int = 2) -> String {
    "@type: \(kind)\n@parameters\n\n@reward_models\ncost\n@nr_states\n\(count)\n@model\n\(states)"
  }

  static let wrong: [Wrong] = [
    // PRISM's tables.
    Wrong("m.tra", "", "m.tra, line 1, column 1: the numbers of states and transitions are expected here"),
    Wrong(
      "m.tra", "2\n0 1 1\n", "m.tra, line 1, column 1: two numbers are expected here (states, transitions), or for an mdp three"),
    Wrong(
      "m.tra", "two states\n",
      "m.tra, line 1, column 1: a number of states or transitions is expected here, a whole number: `two`"),
    Wrong("m.tra", "2 2\n0 2 1\n1 1 1\n", "m.tra, line 2, column 3: there is no such state: the head says 0 to 1: `2`"),
    Wrong("m.tra", "2 2\n0 1 1.5\n1 1 1\n", "m.tra, line 2, column 5: a probability lies between 0 and 1: `1.5`"),
    Wrong("m.tra", "2 2\n0 1 -0.5\n1 1 1\n", "m.tra, line 2, column 5: a probability lies between 0 and 1: `-0.5`"),
    Wrong("m.tra", "2 2\n0 1 half\n1 1 1\n", "m.tra, line 2, column 5: a probability is expected here, a number: `half`"),
    Wrong("m.tra", "2 2\n0 1 nan\n1 1 1\n", "m.tra, line 2, column 5: a probability is expected here, a number: `nan`"),
    Wrong(
      "m.tra", "2 2\n0 1 0.9\n1 1 1\n",
      "m.tra, line 2, column 1: the probabilities of this choice sum to 0.9, not to 1, in state 0"),
    Wrong("m.tra", "2 3\n0 1 1\n1 1 1\n", "m.tra, line 1, column 1: the file has 2 transitions; its head says 3"),
    Wrong("m.tra", "0 0\n", "m.tra, line 1, column 1: a model has at least one state"),
    Wrong(
      "m.tra", "2 2\n0 1 1 a b\n1 1 1\n", "m.tra, line 2, column 9: nothing more is expected on this line after a transition"),
    Wrong("m.tra", "2 3 3\n0 0 1 1\n0 2 1 1\n1 0 1 1\n", "m.tra, line 3, column 1: choice 1 of state 0 is missing"),
    Wrong("m.tra", "1 1 2\n0 0 0 0.5 a\n0 0 0 0.5 b\n", "m.tra, line 3, column 1: choice 0 of state 0 has two actions"),
    Wrong("m.tra", "99999999999 2\n", "m.tra, line 1, column 1: a number of states or transitions is too large"),
    // What stands beside them.
    Wrong(
      "m.tra", chain, "m.lab, line 1, column 3: the name of a label is expected here, in double quotes",
      with: ["m.lab": "0=init\n"]),
    Wrong(
      "m.tra", chain, "m.lab, line 1, column 3: the quotes around the name of a label are not closed",
      with: ["m.lab": "0=\"init\n"]),
    Wrong(
      "m.tra", chain, "m.lab, line 2, column 4: there is no label of this number: `7`", with: ["m.lab": "0=\"init\"\n0: 7\n"]),
    Wrong(
      "m.tra", chain, "m.lab, line 2, column 1: there is no such state: states are 0 to 1: `5:`",
      with: ["m.lab": "0=\"init\"\n5: 0\n"]),
    Wrong("m.tra", chain, "m.lab, line 2, column 1: no state has the label \"init\"", with: ["m.lab": "0=\"init\"\n"]),
    Wrong("m.tra", chain, "m.rew, line 3, column 5: nothing more is expected", with: ["m.rew": "2 2\n0 1\n1 0 3\n"]),
    Wrong("m.tra", chain, "m.srew, line 1, column 1: the transitions have 2 states: `3`", with: ["m.srew": "3 1\n0 1\n"]),
    Wrong("m.tra", chain, "m.trew, line 2, column 3: no transition leads from state 0 to 0", with: ["m.trew": "2 1\n0 0 5\n"]),
    Wrong("m.tra", chain, "m.sta, line 2, column 6: the values of state 1 are missing", with: ["m.sta": "(x)\n0:(1)"]),
    Wrong("m.tra", chain, "m.sta, line 3, column 4: `x` is a number in some states", with: ["m.sta": "(x)\n0:(1)\n1:(true)\n"]),
    // DRN.
    Wrong("m.drn", "state 0\n", "m.drn, line 1, column 1: a line of the head is expected here"),
    Wrong("m.drn", "@type: MDP\n", "m.drn, line 2, column 1: the file ends before `@model`"),
    Wrong("m.drn", "@type: MA\n", "m.drn, line 1, column 8: Markov automata are not served: `MA`"),
    Wrong("m.drn", "@type: POMDP\n", "m.drn, line 1, column 8: partially observed models are not served: `POMDP`"),
    Wrong("m.drn", "@type: MDP\n@parameters\np q\n", "m.drn, line 3, column 1: a model with parameters is not served"),
    Wrong("m.drn", drn("state 1 init\n"), "m.drn, line 9, column 7: state 0 is expected here: states come in order: `1`"),
    Wrong(
      "m.drn", drn("state 0 [0] init\n\taction a [0]\n\t\t2 : 1\n"),
      "m.drn, line 11, column 3: there is no such state: states are 0 to 1"),
    Wrong(
      "m.drn", drn("state 0 [0] init\n\taction a [0]\n\t\t1 1\n"),
      "m.drn, line 11, column 5: `:` and a probability is expected here"),
    Wrong(
      "m.drn", drn("state 0 [0, 1] init\n"), "m.drn, line 9, column 11: `]` is expected here: the head names 1 reward models"),
    Wrong("m.drn", drn("state 0 [0] init\n\taction a [0]\nstate 1 [0]\n"), "m.drn, line 10, column 2: this choice leads nowhere"),
    Wrong(
      "m.drn", drn("state 0 [0] init\n\taction a [0]\n\t\t0 : 0.5\n"),
      "m.drn, line 10, column 2: the probabilities of this choice sum to 0.5, not to 1"),
    Wrong(
      "m.drn", drn("state 0 [0] init\n", count: 2), "m.drn, line 10, column 1: the file ends after 1 states; its head says 2"),
    Wrong("m.drn", drn("state 0 [0]\n", count: 1), "m.drn, line 10, column 1: no state has the label `init`"),
    Wrong("m.drn", drn("state 0 !2 [0] init\n"), "m.drn, line 9, column 10: an exit rate belongs to a ctmc"),
    Wrong(
      "m.drn", drn("state 0 [0] init\n\taction 0 [0]\n\t\t0 : 1\n\taction 1 [0]\n\t\t0 : 1\n", kind: "DTMC", count: 1),
      "m.drn, line 12, column 2: state 0 has a second choice, and only an mdp has choices"),
    Wrong("m.npz", "not an archive", "this is not an archive of arrays"),
    Wrong(
      "tiger.pomdp", "discount: 0.95\n",
      "tiger.pomdp, line 2, column 1: a line `values: reward` or `values: cost` is missing before this"),
    // Graphs.
    Wrong("g.dot", "graph { a -- b }", "a `graph` has no arrows, and causal models do"),
    Wrong("g.dag", "dag { a -- b }", "an edge without a direction is not served"),
    Wrong("g.dag", "pdag { a -> b }", "graphs with arrows of unknown direction are not served"),
    Wrong("g.dag", "dag { a -> b", "the graph does not end: `}` is missing"),
    Wrong("g.dag", "dag { a -> }", "the name of a node is expected here"),
    Wrong("g.dag", "dag { a -> b -> a }", "the arrows form a cycle"),
    Wrong("g.dag", "dag { \"a b\" -> c; a_b -> c }", "two nodes go by `a_b`"),
    Wrong("g.txt", "X Z\nY O\n\nX Y\n", "`Z` is not a status of a node"),
    Wrong("g.txt", "X E\nY O\n\nX W\n", "the node `W` is not in the list above"),
    Wrong("g.txt", "X E\nX O\n\nX Y\n", "the node `X` is listed twice"),
    Wrong("g.txt", "only words", "a graph starts with `dag {` or `digraph {`"),
    Wrong(
      "m.tra", "2147483647 1\n0 1 1\n",
      "m.tra, line 1, column 1: the head says 2147483647 states, and the last that a line mentions is 1"),
    Wrong("g.dot", "digraph { a [label=\"b }", "this text does not end"),
    Wrong("g.dot", "digraph { a -> b [dir=none] }", "an edge without a direction is not served"),
  ]

  @Test func thereAreFiles() { #expect(Self.wrong.count >= 40) }

  @Test(arguments: wrong.indices) func messagesAreTheExpectedOnes(_ index: Int) {
    let each = Self.wrong[index]
    do {
      _ = try FormatTests.run(each.files, "print(read(\"\(each.path)\"))")
      Issue.record("\(each.files) is read")
    } catch let error as DiagnosticError {
      let isTold = error.diagnostics.contains { $0.message.hasPrefix(each.message) || $0.message.hasSuffix(each.message) }
      #expect(isTold, "\(error.diagnostics.map(\.message))")
    } catch {
      Issue.record("\(error)")
    }
  }

  /// Arrays of a model with one of them wrong.
  static let arrays: [(String, (String, String, Data, Int), String)] = [
    ("successor", FormatTests.integers("successor", [0, 1, 2, 0]), "`successor[2]` is 2: states are 0 to 1"),
    (
      "probability", FormatTests.reals("probability", [0.5, 0.4, 1, 1]),
      "the probabilities of this choice sum to 0.9, not to 1: choice 0"
    ),
    ("probability", FormatTests.reals("probability", [0.5, .nan, 1, 1]), "`probability[1]` is not a finite number"),
    ("reward", FormatTests.reals("reward", [1]), "the array `reward` has 1 entries, and there are 3 choices"),
    ("choice_start", FormatTests.integers("choice_start", [0, 3, 2]), "`choice_start[2]` is 2: the array rises from 0"),
    ("transition_start", FormatTests.integers("transition_start", [0, 2, 3, 5]), "`transition_start` ends with 5"),
    ("discount", FormatTests.reals("discount", [2]), "`discount` is one number from 0 to below 1"),
    ("label_goal", ("labels", "<i8", Data([1]), 5), "the array `labels` is cut short"),
    ("label_goal", FormatTests.integers("goal", [0, 1]), "the array `goal` is not part of a model"),
    ("label_goal", ("label_goal", "<U4", Data([0, 1]), 2), "the array `label_goal` has elements of type `<U4`"),
  ]

  @Test(arguments: arrays.indices) func wrongArraysAreNamed(_ index: Int) {
    let (name, array, message) = Self.arrays[index]
    let rows = FormatTests.rows.map { $0.0 == name ? array : $0 }
    do {
      _ = try FormatTests.model(rows)
      Issue.record("\(name) is read")
    } catch let error as DataFileError {
      #expect(error.problem.hasPrefix(message), "\(error.problem)")
    } catch {
      Issue.record("\(error)")
    }
  }
}
