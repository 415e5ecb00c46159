/// The processes of a job as one of them, a rank, sees them: each can send each other messages, which come in the order
/// they were sent.
///
/// Used by one thread at a time. Nothing here waits; see `send` and `receive` below.
package protocol Ranks: AnyObject {
    /// Which of them this is, from 0.
    var rank: Int { get }
    /// How many there are; at least 1.
    var count: Int { get }
    /// How many of them share this machine; at least 1.
    var countHere: Int { get }
    /// Which of those that share this machine this is, from 0.
    var rankHere: Int { get }

    /// Begins to send; the message stays as it is until `isSent`.
    func beginSend(_ message: RankMessage, to rank: Int) throws(RanksError)

    /// Whether what was last begun for a rank is sent.
    func isSent(to rank: Int) throws(RanksError) -> Bool

    /// Takes the next message of a rank; false while there is none, or not all of it: then the same `message`, untouched
    /// meanwhile, is what it is asked for again.
    func receive(into message: RankMessage, from rank: Int) throws(RanksError) -> Bool

    /// Leaves the job, in which every rank has to leave.
    func leave() throws(RanksError)
}

extension Ranks {
    /// Begins to send once what was sent to that rank before is gone.
    package func send(_ message: RankMessage, to rank: Int, _ patience: RankPatience) throws(RanksError) {
        try finishSending(to: rank, patience)
        try beginSend(message, to: rank)
    }

    /// Waits until what was sent to a rank may be changed.
    package func finishSending(to rank: Int, _ patience: RankPatience) throws(RanksError) {
        try wait(for: rank, patience) { () throws(RanksError) in try isSent(to: rank) }
    }

    /// Waits for the next message of a rank.
    package func awaitMessage(
        into message: RankMessage,
        from rank: Int,
        _ patience: RankPatience
    ) throws(RanksError) {
        try wait(for: rank, patience) { () throws(RanksError) in try receive(into: message, from: rank) }
    }

    private func wait(
        for rank: Int,
        _ patience: RankPatience,
        until isDone: () throws(RanksError) -> Bool
    ) throws(RanksError) {
        guard try !isDone() else { return }
        let start = ContinuousClock.now
        while try !isDone() {
            let waited = ContinuousClock.now - start
            if let error = patience.error(waitingFor: rank, since: waited) { throw error }
            WaitPace.pause(after: waited).take()
        }
    }
}
