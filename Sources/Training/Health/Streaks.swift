/// How many times in a row each of many things has been so.
struct Streaks: Equatable, Sendable, Codable {
    private var lengths: [Int] = []

    /// Counts once more; another number of things begins anew.
    mutating func count(_ areSo: [Bool]) {
        if lengths.count != areSo.count { lengths = Array(repeating: 0, count: areSo.count) }
        for (index, isSo) in areSo.enumerated() { lengths[index] = isSo ? lengths[index] + 1 : 0 }
    }

    /// The things that have been so at least so often in a row.
    func lasting(_ length: Int) -> [Int] { lengths.indices.filter { lengths[$0] >= length } }
}
