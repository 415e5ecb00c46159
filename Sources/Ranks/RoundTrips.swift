/// Times messages to other ranks and back: what experts elsewhere cost beside their computing.
package struct RoundTrips {
    /// Who sends whom.
    package enum Pattern: String, CaseIterable, Sendable {
        /// Rank 0 to its peers, which answer.
        case first
        /// Each to each, which answer: what all do where every rank serves.
        case all
    }

    /// What is sent there and back, the same at every rank.
    package struct Load: Equatable, Sendable {
        package var pattern: Pattern
        /// Ranks 1 to so many take part beside rank 0.
        package var peers: Int
        /// Of each message.
        package var bytes: Int
        /// What rank 0 lets pass before it sends, while others wait for it.
        package var pause: Duration

        package init(_ pattern: Pattern, peers: Int, bytes: Int, pause: Duration) {
            (self.pattern, self.peers, self.bytes, self.pause) = (pattern, peers, bytes, pause)
        }
    }

    private let ranks: any Ranks
    private let patience: RankPatience
    /// By rank: what it is sent.
    private let calls: [RankMessage]
    private let answer = RankMessage()

    /// - Parameter patience: how long a rank may wait for another; longer than a whole load.
    package init(_ ranks: any Ranks, _ patience: RankPatience) {
        (self.ranks, self.patience) = (ranks, patience)
        calls = (0..<ranks.count).map { _ in RankMessage() }
    }

    /// Takes part in as many rounds of a load, and an eighth more at first that do not count.
    ///
    /// - Returns: how long each took rank 0, in its order; nothing at the others.
    package func measure(_ load: Load, rounds: Int) throws(RanksError) -> [Duration] {
        guard ranks.rank <= load.peers else { return [] }
        for call in calls {
            call.removeAll()
            call.append(bytes: load.bytes) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        }
        var times: [Duration] = []
        let others = (0...load.peers).filter { $0 != ranks.rank }
        for round in -(rounds / 8 + 1)..<rounds {
            if ranks.rank == 0 { pass(load.pause) }
            let start = ContinuousClock.now
            switch (load.pattern, ranks.rank) {
            case (.first, 0): try ask(others)
            case (.first, _): try answer([0], load)
            case (.all, _):
                try begin(others)
                try answer(others, load)
                try end(others)
            }
            if ranks.rank == 0, round >= 0 { times.append(ContinuousClock.now - start) }
        }
        for other in others { try ranks.finishSending(to: other, patience) }
        return times
    }

    private func ask(_ others: [Int]) throws(RanksError) {
        try begin(others)
        try end(others)
    }

    private func begin(_ others: [Int]) throws(RanksError) {
        for other in others { try ranks.send(calls[other], to: other, patience) }
    }

    private func end(_ others: [Int]) throws(RanksError) {
        for other in others { try ranks.awaitMessage(into: answer, from: other, patience) }
    }

    /// Sends back what it is sent.
    private func answer(_ others: [Int], _ load: Load) throws(RanksError) {
        for other in others {
            try ranks.awaitMessage(into: answer, from: other, patience)
            guard answer.count == load.bytes else {
                throw .malformed(rank: other, reason: "a message of \(answer.count) bytes, expected \(load.bytes)")
            }
            try ranks.send(calls[other], to: other, patience)
        }
    }

    /// Leaves no processor to others meanwhile, as one that computes.
    private func pass(_ pause: Duration) {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < pause {}
    }
}
