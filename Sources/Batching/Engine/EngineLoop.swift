import DequeModule
import Generation
import SwitchModel
import Telemetry

/// The engine thread's own state, and one turn of its work after another.
struct EngineLoop<Model: StepModel> {
    let model: Model
    let inbox: Inbox
    let limits: EngineLimits
    let metrics: EngineMetrics
    let routing: RoutingReporter

    var waiting: Deque<Submission> = []
    var encoding: EncodingBatch<Model>?
    var running: [RunningRequest<Model.State>] = []
    var pace = EncodingPace()
    /// Of the last decoder step; kept, as the two below it, so that a step asks for no memory.
    var stepRouting = RoutingLog()
    var stepBatch: [StepBatch<Model.State>] = []
    /// Where the rows of each running request begin among the step's scores, and among the tokens it routes.
    var firstRows: [(scores: Int, tokens: Int)] = []
    /// Of requests being encoded or decoded.
    var reserved = Reservation()
    /// Of requests that ended since the inbox was told.
    private var releasedTokens = 0

    /// What admitted requests have set aside.
    struct Reservation {
        var requests = 0
        var rows = 0
        var cacheBytes = 0

        mutating func add(_ submission: Submission) {
            requests += 1
            rows += submission.request.rows
            cacheBytes += submission.cacheBytes
        }

        mutating func release(_ submission: Submission) {
            requests -= 1
            rows -= submission.request.rows
            cacheBytes -= submission.cacheBytes
        }
    }

    init(
        model: Model,
        inbox: Inbox,
        limits: EngineLimits,
        metrics: EngineMetrics,
        routing: RoutingReporter
    ) {
        self.model = model
        self.inbox = inbox
        self.limits = limits
        self.metrics = metrics
        self.routing = routing
    }

    /// Works until told to stop, or until the model can no more.
    ///
    /// - Returns: why it cannot; nil when told to stop.
    mutating func run() -> String? {
        defer { model.end() }
        while true {
            let others = model.others
            if let fault = model.fault {
                failEverything(.ranksLost, with: inbox.close())
                return fault
            }
            let delivery = collect(beside: others)
            waiting.append(contentsOf: delivery.submissions)
            if delivery.isStopping {
                failEverything(.shuttingDown)
                return nil
            }
            drop(cancelled: delivery.cancelled)
            admit()
            takeTurn(beside: others)
        }
    }

    /// Takes what the inbox holds; where there is nothing to do, waits for it, and looks at the other ranks now and then.
    private func collect(beside others: OtherRanks) -> Inbox.Delivery {
        let isIdle = running.isEmpty && encoding == nil
        let deadline = isIdle ? waiting.compactMap(\.deadline).min() : nil
        switch others {
        case .none:
            return inbox.collect(isIdle: isIdle && waiting.isEmpty, until: deadline)
        case .working:
            return inbox.collect(isIdle: false, until: nil)
        case .idle(let pause):
            let next = ContinuousClock.now + pause
            return inbox.collect(isIdle: isIdle && waiting.isEmpty, until: deadline.map { min($0, next) } ?? next)
        }
    }

    /// One decoder step and a slice of encoding, as far as there is anything to run here; and what other ranks call for.
    private mutating func takeTurn(beside others: OtherRanks) {
        let hasTurn = !running.isEmpty || encoding != nil || others.isWorking
        guard hasTurn || releasedTokens > 0 else { return }
        let start = ContinuousClock.now
        if hasTurn {
            let layers = encoding.map { layersOfSlice($0, beside: others) } ?? 0
            let isDecoding = !running.isEmpty
            model.beginTurn(isDecoding: isDecoding, encoding?.pass, layers: layers)
            decodeStep()
            encodeSlice(layers: layers)
            let done = ContinuousClock.now
            model.endTurn()
            // What a turn takes beside a slice of ours is what the others' streams wait for.
            if !isDecoding, others.isWorking { pace.stepped(seconds: (ContinuousClock.now - done).seconds) }
        }
        guard model.fault == nil else { return }
        inbox.worked(seconds: (ContinuousClock.now - start).seconds, finishedTokens: releasedTokens)
        releasedTokens = 0
    }

    /// Gives back what a request had set aside, so that whoever has its answer finds the gauges without it.
    mutating func release(_ submission: Submission) {
        reserved.release(submission)
        releasedTokens += submission.request.greatestTokens
        showReserved()
    }

    private func showReserved() {
        metrics.running.set(Double(reserved.requests))
        metrics.cacheBytes.set(Double(reserved.cacheBytes))
    }

    /// Drops requests whose client has left or whose time is up, wherever they are.
    private mutating func drop(cancelled: Set<UInt64>) {
        let departures = Departures(cancelled: cancelled, metrics: metrics)
        var left: [Submission] = []
        func take(_ submission: Submission) -> Bool {
            guard departures.take(submission) else { return false }
            left.append(submission)
            return true
        }
        waiting.removeAll(where: take)
        if !left.isEmpty { inbox.dropped(left) }
        left = []
        encoding?.drop(where: take)
        if encoding?.isAbandoned == true { encoding = nil }
        running.removeAll { take($0.submission) }
        for submission in left { release(submission) }
    }

    /// - Parameter last: what came after the loop last looked.
    private mutating func failEverything(_ failure: GenerationFailure, with last: [Submission] = []) {
        waiting.append(contentsOf: last)
        inbox.dropped(waiting)
        let left = Array(waiting) + (encoding?.live ?? []) + running.map(\.submission)
        for submission in left {
            metrics.countFailed(failure)
            submission.fail(failure)
        }
        waiting = []
        encoding = nil
        running = []
        reserved = Reservation()
        showReserved()
    }

    /// Starts encoding the first waiting requests: as many as fit the rows, the cache memory and one pass.
    ///
    /// Those that take nothing of the decoder do not wait behind one that has no room there yet.
    private mutating func admit() {
        guard encoding == nil else { return }
        var admitted: [Submission] = []
        var rows = 0
        var index = 0
        var isDecoderFull = false
        while index < waiting.count {
            let next = waiting[index]
            let needsDecoder = next.request.needsDecoder
            let fits =
                reserved.rows + next.request.rows <= limits.maximumRows
                && reserved.cacheBytes + next.cacheBytes <= limits.maximumCacheBytes
            isDecoderFull = isDecoderFull || needsDecoder && !fits
            if isDecoderFull, needsDecoder {
                index += 1
                continue
            }
            // One prompt longer than a pass goes alone.
            guard admitted.isEmpty || rows + next.request.encodingRows <= limits.maximumBatchTokens else { break }
            waiting.remove(at: index)
            reserved.add(next)
            rows += next.request.encodingRows
            admitted.append(next)
        }
        guard !admitted.isEmpty else { return }
        inbox.admitted(admitted)
        showReserved()
        encoding = EncodingBatch(admitted, model: model)
        metrics.promptTokens.increment(by: UInt64(admitted.reduce(0) { $0 + $1.request.promptTokens }))
    }
}

/// Who has to go before the next step: clients that left, requests past their deadline.
private struct Departures {
    let cancelled: Set<UInt64>
    let metrics: EngineMetrics
    private let now = ContinuousClock.now

    init(cancelled: Set<UInt64>, metrics: EngineMetrics) {
        self.cancelled = cancelled
        self.metrics = metrics
    }

    /// Ends a request that has to go; false when it may stay.
    func take(_ submission: Submission) -> Bool {
        let isLate = submission.deadline.map { $0 <= now } ?? false
        guard isLate || cancelled.contains(submission.id) else { return false }
        let failure: GenerationFailure = cancelled.contains(submission.id) ? .cancelled : .deadline
        metrics.countFailed(failure)
        submission.fail(failure)
        return true
    }
}
