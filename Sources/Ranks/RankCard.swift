/// What a rank says of itself when a job begins.
struct RankCard: Equatable {
    struct Fact: Equatable {
        let name: String
        let value: String
    }

    /// The most facts of a rank.
    static let mostFacts = 64

    let rank: Int
    let host: String
    let facts: [Fact]

    init(rank: Int, host: String, facts: [Fact]) { (self.rank, self.host, self.facts) = (rank, host, facts) }

    init(_ message: RankMessage, from rank: Int) throws(RanksError) {
        var reader = RankMessageReader(message, from: rank)
        self.rank = rank
        host = try reader.text("host")
        var facts: [Fact] = []
        for _ in 0..<(try reader.integer(below: Self.mostFacts + 1, "number of facts")) {
            facts.append(Fact(name: try reader.text("name of a fact"), value: try reader.text("fact")))
        }
        self.facts = facts
        try reader.expectEnd()
    }

    func write(to message: RankMessage) {
        message.removeAll()
        message.append(host)
        message.append(facts.count)
        for fact in facts {
            message.append(fact.name)
            message.append(fact.value)
        }
    }

    /// The first fact that a rank has otherwise than the first rank.
    static func difference(_ cards: [RankCard]) -> RanksError? {
        guard let first = cards.first else { return nil }
        for other in cards.dropFirst() {
            for fact in first.facts {
                let value = other.facts.first { $0.name == fact.name }?.value ?? "missing"
                guard value != fact.value else { continue }
                return .unlike(
                    fact: fact.name,
                    first: RanksError.Holder(rank: first.rank, host: first.host, value: fact.value),
                    other: RanksError.Holder(rank: other.rank, host: other.host, value: value)
                )
            }
        }
        return nil
    }
}
