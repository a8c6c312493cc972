/// Suggestions for misspelt names.
public enum Spelling {
  /// The candidate nearest to a word, when it is near enough to be meant.
  ///
  /// Near is a restricted Damerau-Levenshtein distance (insertions, deletions, substitutions, swaps of neighbours; a change of case
  /// costs nothing extra) of at most a third of the word's length. Ties go to the first candidate.
  ///
  /// - Complexity: O(candidates * length^2).
  public static func nearest(_ word: String, in candidates: some Sequence<String>) -> String? {
    let target = Array(word.lowercased())
    let limit = max(1, target.count / 3)
    var best: (String, Int)?
    for candidate in candidates where candidate != word {
      let letters = Array(candidate.lowercased())
      if abs(letters.count - target.count) > limit { continue }
      let distance = distance(target, letters)
      if distance <= limit, distance < min(best?.1 ?? .max, max(target.count, letters.count)) { best = (candidate, distance) }
    }
    return best?.0
  }

  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var row = [Int](repeating: i, count: b.count + 1)
      for j in 1...b.count {
        row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], beforePrevious[j - 2] + 1) }
      }
      beforePrevious = previous
      previous = row
    }
    return previous[b.count]
  }
}
