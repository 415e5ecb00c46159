import Tensors

/// Which rows go to which experts, and the gates that scale what the experts make of them.
///
/// The plan of serving (`RoutingPlan`, `ExpertOrder`) for training, where a capacity may be a share of all rows.
struct ExpertAssignment: Equatable {
    /// One choice of one row that is computed.
    struct Entry: Equatable {
        var row: Int
        /// Where it is in `chosen` and `gates`.
        var place: Int
        var gate: Float
    }

    /// How many experts each row goes to.
    let choices: Int
    /// The choices of each row, best first: `[rows · choices]`.
    private(set) var chosen: [Int] = []
    /// What they are scaled by, those included that find their expert full: `[rows · choices]`.
    private(set) var gates: [Float] = []
    /// The entries that are computed, sorted by expert and, of one expert, in the order they were taken.
    private(set) var entries: [Entry] = []
    /// The entries of each expert.
    private(set) var segments: [Range<Int>] = []
    /// Choices of each expert, and first choices of it, dropped ones included.
    private(set) var wanted: [Int]
    private(set) var wantedFirst: [Int]
    /// Choices that found their expert full.
    private(set) var dropped = 0

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
        self.choices = min(choices, experts)
        wanted = Array(repeating: 0, count: experts)
        wantedFirst = wanted
        for row in 0..<probabilities.rows { choose(row, probabilities) }
        var byExpert: [[Entry]] = Array(repeating: [], count: experts)
        for group in groups { take(group, capacity: capacity(group), into: &byExpert) }
        for expert in byExpert {
            segments.append(entries.count..<entries.count + expert.count)
            entries.append(contentsOf: expert)
        }
    }

    private mutating func choose(_ row: Int, _ probabilities: FloatRows) {
        let best = Self.best(choices, of: probabilities, row: row)
        let sum = choices == 1 ? 1 : best.reduce(0) { $0 + probabilities[row, $1] }
        for expert in best {
            chosen.append(expert)
            gates.append(probabilities[row, expert] / sum)
            wanted[expert] += 1
        }
        wantedFirst[best[0]] += 1
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

    private mutating func take(_ group: Range<Int>, capacity: Int, into byExpert: inout [[Entry]]) {
        var room = Array(repeating: capacity, count: byExpert.count)
        for choice in 0..<choices {
            for row in group {
                let place = row * choices + choice
                let expert = chosen[place]
                guard room[expert] > 0 else {
                    dropped += 1
                    continue
                }
                room[expert] -= 1
                byExpert[expert].append(Entry(row: row, place: place, gate: gates[place]))
            }
        }
    }

    /// The gates of each expert added up, of choices that found it full too.
    var gateSums: [Double] {
        var sums = wanted.map { _ in 0.0 }
        for (expert, gate) in zip(chosen, gates) { sums[expert] += Double(gate) }
        return sums
    }

    /// Adds to the gradients of probabilities, `[rows, experts]`, what comes from those of the gates, `[rows · choices]`.
    func addGateGradients(_ gateGradients: [Float], _ probabilities: FloatRows, to gradient: FloatRows) {
        for row in 0..<probabilities.rows {
            let places = row * choices..<(row + 1) * choices
            guard choices > 1 else {
                gradient[row, chosen[row]] += gateGradients[row]
                continue
            }
            // gate = p / sum of chosen p: each gate's gradient goes to its own probability and against all chosen ones.
            let sum = places.reduce(0) { $0 + probabilities[row, chosen[$1]] }
            let against = places.reduce(0) { $0 + gateGradients[$1] * gates[$1] }
            for place in places { gradient[row, chosen[place]] += (gateGradients[place] - against) / sum }
        }
    }
}
