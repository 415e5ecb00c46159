import Synchronization

extension Channel {
    func begin(_ phase: ConnectionDeadline<ContinuousClock>.Phase) {
        state.withLock { $0.deadline.begin(phase) }
    }

    /// Since when the client has owed something.
    var owedSince: ContinuousClock.Instant? { state.withLock { $0.deadline.owedSince } }

    /// Ends the wait that has lasted too long, if one has.
    func checkDeadline() {
        end(as: .timedOut) { $0.deadline.isExpired }
    }

    /// Ends the wait for a request of which no byte has arrived.
    func endIfIdle() {
        end(as: .closed) { [.handshake, .idle, .head].contains($0.deadline.phase) && $0.inbound.isEmpty }
    }

    /// A late writer has lost the connection; a late sender can still be answered.
    private func end(as failure: SocketError, where condition: (State) -> Bool) {
        let news = state.withLock { state in
            let isOver =
                state.deadline.phase == .writing ? state.writeFailure != nil : state.readFailure != nil
            guard !state.isClosed, !isOver, condition(state) else { return News() }
            state.readFailure = state.readFailure ?? failure
            guard state.deadline.phase == .writing else { return News(waiters: state.takeReader()) }
            state.writeFailure = failure
            return News(waiters: state.takeWaiters(), departure: state.takeDeparture())
        }
        news.tell()
    }
}
