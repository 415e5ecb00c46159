import Batching
import Generation
import Synchronization

/// An engine that answers from a script and remembers what it was asked.
final class ScriptedEngine: GenerationEngine {
    typealias Script =
        @Sendable (_ request: GenerationRequest, _ number: Int) throws(AdmissionError) -> [GenerationEvent]

    let limits: EngineLimits
    private let script: Script
    /// Whether streams end after the script, or wait to be cancelled.
    private let ends: Bool
    private let state = Mutex(State())

    struct State {
        var requests: [GenerationRequest] = []
        var deadlines: [ContinuousClock.Instant?] = []
        var cancelled: Set<Int> = []
        var full: AdmissionError?
    }

    init(limits: EngineLimits = EngineLimits(), ends: Bool = true, script: @escaping Script) {
        self.limits = limits
        self.ends = ends
        self.script = script
    }

    var requests: [GenerationRequest] { state.withLock { $0.requests } }
    var cancelled: Set<Int> { state.withLock { $0.cancelled } }
    var deadlines: [ContinuousClock.Instant?] { state.withLock { $0.deadlines } }

    func checkRoom() throws(AdmissionError) {
        if let full = state.withLock({ $0.full }) { throw full }
    }

    /// Refuses every request from now on, unread.
    func fill(with error: AdmissionError) {
        state.withLock { $0.full = error }
    }

    func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?,
        as _: Admittance
    ) throws(AdmissionError) -> GenerationTicket {
        let number = state.withLock { state in
            state.requests.append(request)
            state.deadlines.append(deadline)
            return state.requests.count - 1
        }
        let events = try script(request, number)
        let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
        for event in events { continuation.yield(event) }
        if ends { continuation.finish() }
        return GenerationTicket(events: stream) { [self] in
            state.withLock { _ = $0.cancelled.insert(number) }
            continuation.finish()
        }
    }
}

extension ScriptedEngine {
    /// Says the same tokens for every choice, as far as the request's limits let it.
    static func saying(_ tokens: [Int32], limits: EngineLimits = EngineLimits()) -> ScriptedEngine {
        ScriptedEngine(limits: limits) { request, _ in events(of: request, saying: tokens) }
    }

    static func events(of request: GenerationRequest, saying tokens: [Int32]) -> [GenerationEvent] {
        var events: [GenerationEvent] = [.encoded(routes: request.reportsRouting ? encoderRoutes(request) : [])]
        let (said, reason) = cut(tokens, request.stop)
        let forced = request.decoderPrompt
        for choice in 0..<returned(request) {
            for id in forced { events.append(.token(GeneratedToken(choice: choice, id: id, logprob: -1))) }
            for (position, id) in said.enumerated() { events.append(.token(token(id, position, choice, request))) }
            let beamScore: Float? = if case .beam = request.strategy { -0.25 * Float(choice + 1) } else { nil }
            events.append(
                .finished(
                    FinishedChoice(
                        choice: choice,
                        reason: reason,
                        tokens: forced + said,
                        cumulativeLogprob: -0.5 * Float(said.count),
                        beamScore: beamScore
                    )
                )
            )
        }
        events.append(.completed(GenerationTimings()))
        return events
    }

    private static func returned(_ request: GenerationRequest) -> Int {
        switch request.strategy {
        case .sample(let sampling): sampling.returned
        case .beam(let beam): beam.returned
        case .embedding, .scoring: 0
        }
    }

    private static func cut(_ tokens: [Int32], _ stop: StopCondition) -> ([Int32], FinishReason) {
        var said: [Int32] = []
        for token in tokens.prefix(stop.maximumTokens) {
            said.append(token)
            if stop.endTokens.contains(token), !stop.ignoresEndTokens { return (said, .stop(.endToken)) }
            if stop.stopTokens.contains(token) { return (said, .stop(.stopToken(token))) }
            if stop.stopsText?(said) == true { return (said, .stop(.text)) }
        }
        return (said, .length)
    }

    private static func token(
        _ id: Int32,
        _ position: Int,
        _ choice: Int,
        _ request: GenerationRequest
    ) -> GeneratedToken {
        let top = (0..<(request.topLogprobs ?? 0)).map { (id: Int32(20 + $0), logprob: -1 - Float($0)) }
        let route = TokenRoute(position: position, block: 3, expert: Int(id) % 4, gate: 0.5, isDropped: false)
        return GeneratedToken(
            choice: choice,
            id: id,
            logprob: -0.5,
            top: top,
            routes: request.reportsRouting ? [route] : []
        )
    }

    private static func encoderRoutes(_ request: GenerationRequest) -> [TokenRoute] {
        [1, 3].flatMap { block in
            request.prompt.enumerated().map { position, id in
                TokenRoute(position: position, block: block, expert: Int(id) % 4, gate: 0.75, isDropped: position == 2)
            }
        }
    }
}
