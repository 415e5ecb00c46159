import HTTPTypes
import Synchronization

/// Reads the body of one request from its connection, when asked.
final class RequestBodyReader: Sendable {
    private struct State: Sendable {
        var decoder: BodyDecoder
        var mustInvite: Bool
        var isBroken = false
        var count = 0
    }

    private let channel: Channel
    private let share: BodyMemory.Share
    private let limits: HTTPLimits
    private let coding: BodyCoding
    private let onError: @Sendable (RequestBodyError) -> Void
    private let state: Mutex<State>

    /// - Parameter onError: called with what `collect` throws.
    init(
        head: RequestHead,
        channel: Channel,
        memory: BodyMemory,
        onError: @escaping @Sendable (RequestBodyError) -> Void
    ) {
        self.channel = channel
        share = BodyMemory.Share(of: memory)
        self.onError = onError
        limits = channel.limits
        coding = BodyCoding(head.fields[words: .contentEncoding])
        state = Mutex(
            State(
                decoder: BodyDecoder(head.framing, limits: channel.limits),
                mustInvite: head.expectation == .continue && head.framing != .none
            )
        )
    }

    var bytesRead: Int { state.withLock { $0.count } }

    private var isFinished: Bool {
        state.withLock { if case .finished = $0.decoder { true } else { false } }
    }

    /// Whether the next request can be found behind what is left of this body.
    var canBeSkipped: Bool {
        state.withLock { state in
            guard !state.isBroken else { return false }
            switch state.decoder {
            case .finished: return true
            case .length(let remaining): return !state.mustInvite && remaining <= limits.discardedBodyBytes
            case .chunked: return false
            }
        }
    }

    func collect() async throws(RequestBodyError) -> [UInt8] {
        if coding == .unsupported, !isFinished {
            onError(.unsupportedCoding)
            throw .unsupportedCoding
        }
        return try await read { () async throws(RequestBodyError) in
            coding == .gzip ? try await collectPacked() : try await collectPlain()
        }
    }

    private func read<Value>(_ body: () async throws(RequestBodyError) -> Value) async throws(RequestBodyError) -> Value
    {
        channel.begin(.body)
        defer { channel.begin(.handling) }
        do throws(RequestBodyError) {
            try await invite()
            return try await body()
        } catch {
            state.withLock { $0.isBroken = true }
            onError(error)
            throw error
        }
    }

    /// Whoever collected the body no longer holds it.
    func release() { share.giveBack() }

    /// Reads past what is left of the body, whatever its coding.
    func skip() async throws(RequestBodyError) {
        guard !isFinished else { return }
        try await read { () async throws(RequestBodyError) in _ = try await collectPlain() }
    }

    private func collectPlain() async throws(RequestBodyError) -> [UInt8] {
        var body: [UInt8] = []
        while try !decode(into: &body) {
            try share.grow(to: body.count)
            try await awaitBytes()
        }
        try share.grow(to: body.count)
        return body
    }

    private func collectPacked() async throws(RequestBodyError) -> [UInt8] {
        guard !isFinished else { return [] }
        var decoder = try GzipDecoder(limits: limits)
        var body: [UInt8] = []
        var packed: [UInt8] = []
        var isComplete = false
        while !isComplete {
            isComplete = try decode(into: &packed)
            try decoder.decode(packed, into: &body)
            packed.removeAll(keepingCapacity: true)
            try share.grow(to: body.count)
            if !isComplete { try await awaitBytes() }
        }
        try decoder.finish()
        return body
    }

    /// Sends `100 Continue` to a client that waits for it, unless the body is already on its way (RFC 9110 §10.1.1).
    private func invite() async throws(RequestBodyError) {
        let isAwaited = state.withLock { state in
            defer { state.mustInvite = false }
            return state.mustInvite
        }
        guard isAwaited, channel.withInbound({ $0.isEmpty }) else { return }
        do throws(SocketError) {
            try await channel.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        } catch {
            throw .disconnected
        }
        channel.begin(.body)
    }

    private func decode(into body: inout [UInt8]) throws(RequestBodyError) -> Bool {
        try channel.withInbound { input throws(RequestBodyError) in
            try state.withLock { state throws(RequestBodyError) in
                let before = body.count
                defer { state.count += body.count - before }
                return try state.decoder.decode(&input, into: &body)
            }
        }
    }

    private func awaitBytes() async throws(RequestBodyError) {
        do throws(SocketError) {
            guard try await channel.awaitBytes() else { throw .disconnected }
        } catch {
            if error == .timedOut { throw .timedOut }
            throw .disconnected
        }
    }
}
