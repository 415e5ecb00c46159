/// What a rank tells the others of itself with each call.
package struct RankWord: Equatable, Sendable {
    /// Calls of its turn; 0 where it has nothing to run.
    package var slots = 0
    /// Whether somebody waits for its next token.
    package var isDecoding = false
    /// Whether it will never have anything to run again.
    package var isLeaving = false

    package init(slots: Int = 0, isDecoding: Bool = false, isLeaving: Bool = false) {
        (self.slots, self.isDecoding, self.isLeaving) = (slots, isDecoding, isLeaving)
    }
}

/// A turn of ranks that all run models: each calls the others as often as the one that has most to run, so that they begin
/// the next one together, and rows that go to the same expert meet in one product.
package struct RankTurn: Equatable, Sendable {
    /// Known from the first call on.
    private var length: Int?
    private var calls = 0

    package init() {}

    /// Whether there is a call to come.
    package var isOpen: Bool { length.map { calls < $0 } ?? true }

    /// Every rank called.
    ///
    /// - Parameter words: what each said, this one's among them.
    package mutating func called(_ words: [RankWord]) {
        calls += 1
        if length == nil { length = words.reduce(1) { max($0, $1.slots) } }
    }
}

/// What the other ranks of a job are about.
package enum OtherRanks: Equatable, Sendable {
    /// There are none that run models of their own.
    case none
    /// None has anything to run; they are looked at again after a while.
    case idle(lookAgainAfter: Duration)
    /// One of them has, and this rank has to take part in its turn.
    case working(isDecoding: Bool)

    /// Whether this rank has to take part in a turn of theirs.
    package var isWorking: Bool { if case .working = self { true } else { false } }
}
