/// The known name that a mistyped one most likely means.
package enum Suggestion {
  /// `; did you mean 'steps'?`, or all the names when they are few, or nothing.
  package static func text(for name: String, among known: [String]) -> String {
    if let nearest = nearest(to: name, among: known) { return "; did you mean '\(nearest)'?" }
    return known.isEmpty || known.count > 12 ? "" : "; there is " + known.joined(separator: ", ")
  }

  package static func nearest(to name: String, among known: [String]) -> String? {
    let most = max(1, name.count / 3)
    return known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
      .filter { $0.distance <= most }
      .min { a, b in
        (a.distance, a.name.first == name.first ? 0 : 1, a.name) < (b.distance, b.name.first == name.first ? 0 : 1, b.name)
      }?.name
  }

  /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8), b = Array(b.utf8)
    var before: [Int] = [], last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
        row.append(best)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
