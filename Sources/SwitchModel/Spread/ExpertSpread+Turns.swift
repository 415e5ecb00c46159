import Ranks

/// How ranks that all run models keep together, and how ranks part.
extension ExpertSpread {
    /// What the other ranks are about; of those that only hold experts, nothing.
    package var others: OtherRanks {
        guard runners == .all, ranks.count > 1, fault == nil else { return .none }
        guard let idleSince else {
            let isDecoding = words.indices.contains { $0 != ranks.rank && words[$0].isDecoding }
            return .working(isDecoding: isDecoding)
        }
        for rank in words.indices where rank != ranks.rank && !isIn[rank] {
            attempt { () throws(RanksError) in isIn[rank] = try ranks.receive(into: inbound[rank], from: rank) }
        }
        if isIn.contains(true) { return .working(isDecoding: false) }
        switch WaitPace.pause(after: .now - idleSince) {
        case .yield: return .idle(lookAgainAfter: .zero)
        case .sleep(let pause): return .idle(lookAgainAfter: pause)
        }
    }

    /// Begins a turn of all ranks in which this one has up to so many slots.
    func beginTurn(slots: Int, isDecoding: Bool) {
        guard runners == .all else { return }
        (word.slots, word.isDecoding) = (slots, isDecoding)
        turn = RankTurn()
    }

    /// Serves the other ranks until the turn is over for all.
    func endTurn(_ workspace: Workspace) {
        guard runners == .all else { return }
        while turn.isOpen, fault == nil { serve(workspace) }
        let isIdle = words.allSatisfy { $0.slots == 0 }
        idleSince = isIdle ? idleSince ?? .now : nil
        guard !hasLeaver, words.contains(where: \.isLeaving) else { return }
        hasLeaver = true
        onLeaver()
    }

    /// Computes what rank 0 calls for until it says that no more follows.
    ///
    /// - Throws: where a call cannot be read or an answer sent.
    func serveUntilLeft(_ workspace: Workspace) throws(RanksError) {
        while !words[0].isLeaving {
            serve(workspace)
            if let fault { throw fault }
        }
        try ranks.leave()
    }

    /// Tells the other ranks that no more follows, serves them until they say so too, and leaves the job with them.
    ///
    /// After a fault there is nobody to leave with.
    func end(_ workspace: Workspace) {
        word.isLeaving = true
        switch runners {
        case .first: serve(workspace)
        case .all: takeTurnsUntilAllLeave(workspace)
        }
        for rank in calls.indices where rank != ranks.rank {
            attempt { () throws(RanksError) in try ranks.finishSending(to: rank, patience) }
        }
        attempt { () throws(RanksError) in try ranks.leave() }
    }

    private func takeTurnsUntilAllLeave(_ workspace: Workspace) {
        repeat {
            beginTurn(slots: 0, isDecoding: false)
            endTurn(workspace)
            while case .idle(let pause) = others, !words.allSatisfy(\.isLeaving) { WaitPace.sleep(pause).take() }
        } while fault == nil && !words.allSatisfy(\.isLeaving)
    }
}
