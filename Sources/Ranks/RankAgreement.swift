/// What all ranks of a job have to have in common, settled by rank 0 before any of them loads anything.
package struct RankAgreement {
    /// By name, what answers depend on.
    package typealias Facts = KeyValuePairs<String, String>

    private let ranks: any Ranks
    private let host: String
    private let patience: RankPatience

    /// - Parameter host: what this machine is called in errors.
    package init(_ ranks: any Ranks, host: String, _ patience: RankPatience) {
        (self.ranks, self.host, self.patience) = (ranks, host, patience)
    }

    /// The least of what all ranks name, such as the instructions they have: the same at every rank.
    ///
    /// - Throws: also where a rank does not answer in time.
    package func least(of level: Int) throws(RanksError) -> Int {
        let least = try settle([RankCard.Fact(name: "level", value: "\(level)")]) { cards in
            .success("\(cards.compactMap { Int($0.facts.first?.value ?? "") }.min() ?? 0)")
        }
        return Int(least) ?? 0
    }

    /// Holds the facts of all ranks against each other.
    ///
    /// - Throws: `.unlike` at rank 0 and `.refused` with the same sentence at the others, where they differ.
    package func settle(_ facts: Facts) throws(RanksError) {
        _ = try settle(facts.map { RankCard.Fact(name: $0.key, value: $0.value) }) { cards in
            RankCard.difference(cards).map(Result.failure) ?? .success("")
        }
    }

    private func settle(
        _ facts: [RankCard.Fact],
        _ decide: ([RankCard]) -> Result<String, RanksError>
    ) throws(RanksError) -> String {
        let message = RankMessage()
        guard ranks.rank == 0 else {
            RankCard(rank: ranks.rank, host: host, facts: facts).write(to: message)
            try ranks.send(message, to: 0, patience)
            try ranks.finishSending(to: 0, patience)
            try ranks.awaitMessage(into: message, from: 0, patience)
            return try Self.readVerdict(message)
        }
        var cards = [RankCard(rank: 0, host: host, facts: facts)]
        for rank in 1..<ranks.count {
            try ranks.awaitMessage(into: message, from: rank, patience)
            cards.append(try RankCard(message, from: rank))
        }
        let verdict = decide(cards)
        Self.write(verdict, to: message)
        for rank in 1..<ranks.count { try ranks.send(message, to: rank, patience) }
        for rank in 1..<ranks.count { try ranks.finishSending(to: rank, patience) }
        return try verdict.get()
    }

    /// What rank 0 decided.
    ///
    /// - Throws: `.refused`, with the reason.
    private static func readVerdict(_ message: RankMessage) throws(RanksError) -> String {
        var reader = RankMessageReader(message, from: 0)
        let isAgreed = try reader.integer(below: 2, "verdict") == 1
        let text = try reader.text("verdict")
        try reader.expectEnd()
        guard isAgreed else { throw .refused(text) }
        return text
    }

    private static func write(_ verdict: Result<String, RanksError>, to message: RankMessage) {
        message.removeAll()
        switch verdict {
        case .success(let text):
            message.append(1)
            message.append(text)
        case .failure(let error):
            message.append(0)
            message.append("\(error)")
        }
    }
}
