import Tensors

/// Which rows go to which experts, and the gates that scale what the experts make of them.
///
/// The plan of serving (`RoutingPlan`, `ExpertOrder`) for training: rows may have several choices, and a capacity may be
/// a share of all rows.
struct ExpertAssignment: Equatable {
    /// One choice of one row.
    struct Entry: Equatable {
        var row: Int
        var expert: Int
        var gate: Float
    }

    /// The entries that are computed, sorted by expert and, of one expert, in the order they were taken.
    private(set) var entries: [Entry] = []
    /// The entries of each expert.
    private(set) var segments: [Range<Int>] = []
    /// Rows whose first choice is each expert, dropped ones included.
    private(set) var wanted: [Int]
    /// Choices that found their expert full.
    private(set) var dropped = 0
    /// The choices of each row, best first: `[rows · choices]`.
    private(set) var chosen: [Int] = []

    /// Sends each row to its `choices` most probable experts, as long as these have room.
    ///
    /// First choices of all rows are taken before second ones. Ties go to the lower expert. One choice is scaled by its
    /// probability, several by their shares of the sum of theirs.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, experts]`.
    ///   - groups: rows that share a capacity.
    init(_ probabilities: FloatRows, choices: Int, groups: [Range<Int>], capacity: (Range<Int>) -> Int) {
        let experts = probabilities.columns
        let choices = min(choices, experts)
        wanted = Array(repeating: 0, count: experts)
        var byExpert: [[Entry]] = Array(repeating: [], count: experts)
        for row in 0..<probabilities.rows {
            chosen.append(contentsOf: Self.best(choices, of: probabilities, row: row))
            wanted[chosen[row * choices]] += 1
        }
        for group in groups {
            var room = Array(repeating: capacity(group), count: experts)
            for choice in 0..<choices {
                for row in group {
                    let expert = chosen[row * choices + choice]
                    guard room[expert] > 0 else {
                        dropped += 1
                        continue
                    }
                    room[expert] -= 1
                    let sum = choices == 1 ? 1 : sum(of: row, choices, probabilities)
                    byExpert[expert].append(
                        Entry(row: row, expert: expert, gate: probabilities[row, expert] / sum)
                    )
                }
            }
        }
        for expert in byExpert {
            segments.append(entries.count..<entries.count + expert.count)
            entries.append(contentsOf: expert)
        }
    }

    /// Probabilities of the choices of a row together.
    private func sum(of row: Int, _ choices: Int, _ probabilities: FloatRows) -> Float {
        (0..<choices).reduce(0) { $0 + probabilities[row, chosen[row * choices + $1]] }
    }

    /// The gradients of probabilities, `[rows, experts]`, from those of the gates of all entries.
    func addGateGradients(_ gateGradients: [Float], _ probabilities: FloatRows, to gradient: FloatRows) {
        let choices = chosen.count / max(probabilities.rows, 1)
        guard choices > 1 else {
            for (entry, gateGradient) in zip(entries, gateGradients) {
                gradient[entry.row, entry.expert] += gateGradient
            }
            return
        }
        // gate = p / sum of chosen p: each gate's gradient goes to its own probability and against all chosen ones.
        for (entry, gateGradient) in zip(entries, gateGradients) {
            let scaled = gateGradient / sum(of: entry.row, choices, probabilities)
            gradient[entry.row, entry.expert] += scaled
            for choice in 0..<choices {
                gradient[entry.row, chosen[entry.row * choices + choice]] -= scaled * entry.gate
            }
        }
    }

    private static func best(_ choices: Int, of probabilities: FloatRows, row: Int) -> [Int] {
        var best: [Int] = []
        for _ in 0..<choices {
            var candidate = -1
            for expert in 0..<probabilities.columns where !best.contains(expert) {
                if candidate < 0 || probabilities[row, expert] > probabilities[row, candidate] { candidate = expert }
            }
            best.append(candidate)
        }
        return best
    }
}
