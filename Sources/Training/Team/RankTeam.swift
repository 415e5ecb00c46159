package import Ranks

/// The ranks that train one model together, as one of them sees them.
///
/// Every call is made by all of them in the same order, and waits for the others. Once one has failed nobody is waited for
/// any more: all that follow throw what that one did.
///
/// Used by one thread at a time.
package final class RankTeam {
    private let ranks: any Ranks
    private let patience: RankPatience
    /// What ended the work together.
    private(set) var fault: RanksError?
    private let inbox = RankMessage()
    /// By receiver: two, so that one is filled while the other is on its way.
    private let outboxes: [[RankMessage]]
    private var sent: [Int]

    /// - Parameter patience: how long another rank may take within a step.
    package init(_ ranks: any Ranks, _ patience: RankPatience) {
        (self.ranks, self.patience) = (ranks, patience)
        outboxes = (0..<ranks.count).map { _ in [RankMessage(), RankMessage()] }
        sent = Array(repeating: 0, count: ranks.count)
    }

    /// A process that trains alone.
    package convenience init() {
        self.init(ThreadRanks.job(of: 1)[0], RankPatience(timeout: nil))
    }

    /// Which of them this is, from 0.
    package var rank: Int { ranks.rank }
    /// How many there are; at least 1.
    package var count: Int { ranks.count }
    /// Whether this is the one that reads checkpoints, judges and writes.
    package var isFirst: Bool { ranks.rank == 0 }
    /// Whether there is no other.
    package var isAlone: Bool { ranks.count == 1 }

    var others: [Int] { (0..<count).filter { $0 != rank } }

    /// Has every rank hear what each says, in the order of ranks.
    ///
    /// - Parameters:
    ///   - write: what this one says.
    ///   - read: what one says, this one among them.
    func gather(
        _ write: (RankMessage) -> Void,
        _ read: (_ rank: Int, _ reader: inout RankMessageReader) throws(RanksError) -> Void
    ) throws(RanksError) {
        let own = RankMessage()
        write(own)
        try perform { () throws(RanksError) in
            for other in others { try ranks.send(own, to: other, patience) }
            for rank in 0..<count {
                if rank != self.rank { try ranks.awaitMessage(into: inbox, from: rank, patience) }
                var reader = RankMessageReader(rank == self.rank ? own : inbox, from: rank)
                try read(rank, &reader)
                try reader.expectEnd()
            }
            for other in others { try ranks.finishSending(to: other, patience) }
        }
    }

    /// Has every rank hear a word of rank 0's.
    ///
    /// - Parameter word: what this one says if it is rank 0.
    func first(_ word: UInt64) throws(RanksError) -> UInt64 {
        try tell(word, patience)
    }

    /// The same of a number.
    func first(_ number: Double) throws(RanksError) -> Double {
        Double(bitPattern: try first(number.bitPattern))
    }

    /// Waits for rank 0, however long that takes.
    func awaitFirst() throws(RanksError) { _ = try tell(0, RankPatience(timeout: nil)) }

    /// Has rank 0 do what only it can, while the others wait for as long as it takes.
    ///
    /// - Parameter body: called at rank 0; what it returns is returned at all.
    ///
    /// - Throws: at rank 0 also what `body` throws: then the others are not told, and the job has to end.
    package func byFirst(_ body: () throws -> UInt64) throws -> UInt64 {
        try tell(isFirst ? try body() : 0, RankPatience(timeout: nil))
    }

    /// Has every rank hear bytes of rank 0's, however long it takes to make them.
    ///
    /// - Parameter body: called at rank 0.
    ///
    /// - Throws: at rank 0 also what `body` throws: then the others are not told, and the job has to end.
    package func bytesOfFirst(_ body: () throws -> [UInt8]) throws -> [UInt8] {
        guard isFirst else {
            var bytes: [UInt8] = []
            try receive(from: 0, RankPatience(timeout: nil)) { reader throws(RanksError) in
                bytes = Array(try reader.bytes(reader.bytesLeft, "bytes"))
            }
            return bytes
        }
        let bytes = try body()
        for other in others {
            try send(to: other) { message in message.append(bytes: bytes.count) { $0.copyBytes(from: bytes) } }
        }
        return bytes
    }

    /// Sends one rank what `write` fills; returns as soon as this may go on.
    func send(to rank: Int, _ write: (RankMessage) -> Void) throws(RanksError) {
        // The last but one is gone: the last was begun after it.
        let message = outboxes[rank][sent[rank] % 2]
        sent[rank] += 1
        message.removeAll()
        write(message)
        try perform { () throws(RanksError) in try ranks.send(message, to: rank, patience) }
    }

    /// Waits for what a rank sends.
    func receive(
        from rank: Int,
        _ read: (_ reader: inout RankMessageReader) throws(RanksError) -> Void
    ) throws(RanksError) {
        try receive(from: rank, patience, read)
    }

    /// Waits until all that was sent has been taken: whoever leaves a job before takes it back.
    package func finishSending() throws(RanksError) {
        try perform { () throws(RanksError) in
            for other in others { try ranks.finishSending(to: other, patience) }
        }
    }

    private func receive(
        from rank: Int,
        _ patience: RankPatience,
        _ read: (_ reader: inout RankMessageReader) throws(RanksError) -> Void
    ) throws(RanksError) {
        try perform { () throws(RanksError) in
            try ranks.awaitMessage(into: inbox, from: rank, patience)
            var reader = RankMessageReader(inbox, from: rank)
            try read(&reader)
            try reader.expectEnd()
        }
    }

    private func tell(_ word: UInt64, _ patience: RankPatience) throws(RanksError) -> UInt64 {
        guard isFirst else {
            var heard: UInt64 = 0
            try receive(from: 0, patience) { reader throws(RanksError) in heard = try reader.bits("a word") }
            return heard
        }
        for other in others { try send(to: other) { $0.append(bits: word) } }
        return word
    }

    private func perform(_ body: () throws(RanksError) -> Void) throws(RanksError) {
        if let fault { throw fault }
        do {
            try body()
        } catch {
            fault = error
            throw error
        }
    }
}
