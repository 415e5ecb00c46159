import Dispatch

/// The bytes that arrive on a connection: heads are taken from it, then bodies.
///
/// `@unchecked Sendable`: used by one task at a time. The connection reads a head; then the handler's task may read the
/// body; only after the body's end does the watcher read, until the response is written and the connection goes on.
final class ConnectionInput: @unchecked Sendable {
    private let socket: Socket
    private let limits: HTTPLimits
    private(set) var received: [UInt8] = []

    private static let readBytes = 16 * 1024

    init(_ socket: Socket, limits: HTTPLimits) {
        self.socket = socket
        self.limits = limits
    }

    /// Why no head came.
    enum HeadFailure: Error {
        case refused(HTTPParseError)
        /// The client closed between requests, or was idle for too long.
        case ended
    }

    /// The next request's head.
    func readHead() async throws(HeadFailure) -> RequestHead {
        var parser = RequestHeadParser(limits: limits)
        var deadline = DispatchTime.seconds(received.isEmpty ? limits.idleSeconds : limits.headSeconds)
        while true {
            do throws(HTTPParseError) {
                if let (head, length) = try parser.parse(received) {
                    received.removeFirst(length)
                    return head
                }
            } catch {
                throw .refused(error)
            }
            let wasIdle = received.isEmpty
            do throws(SocketError) {
                guard try await more(deadline: deadline) else { throw SocketError.disconnected }
            } catch {
                throw error == .timedOut && !wasIdle ? .refused(.timedOut) : .ended
            }
            if wasIdle { deadline = .seconds(limits.headSeconds) }
        }
    }

    /// The whole body.
    func readBody(_ framing: RequestHead.Framing) async throws(RequestBodyError) -> [UInt8] {
        switch framing {
        case .none: return []
        case .length(let count): return try await readBody(length: count)
        case .chunked: return try await readChunkedBody()
        }
    }

    private func readBody(length: Int) async throws(RequestBodyError) -> [UInt8] {
        guard length <= limits.bodyBytes else { throw .tooLarge(limit: limits.bodyBytes) }
        let start = DispatchTime.now()
        while received.count < length { try await moreBody(start, received.count) }
        defer { received.removeFirst(length) }
        return Array(received.prefix(length))
    }

    private func readChunkedBody() async throws(RequestBodyError) -> [UInt8] {
        let start = DispatchTime.now()
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        while true {
            var position = 0
            do throws(HTTPParseError) {
                try decoder.decode(received, from: &position, into: &body)
            } catch {
                throw .malformed
            }
            received.removeFirst(position)
            guard body.count <= limits.bodyBytes else { throw .tooLarge(limit: limits.bodyBytes) }
            if decoder.isDone { return body }
            try await moreBody(start, body.count)
        }
    }

    /// A body may take `bodySeconds`, and a second more for each kilobyte that came.
    private func moreBody(_ start: DispatchTime, _ count: Int) async throws(RequestBodyError) {
        do throws(SocketError) {
            let deadline = start + limits.bodySeconds + Double(count) / 1024
            guard try await more(deadline: deadline) else { throw SocketError.disconnected }
        } catch {
            throw error == .timedOut ? .timedOut : .disconnected
        }
    }

    /// Reads ahead while a request is answered; returns once the client has gone, or has sent all that may be held.
    ///
    /// - Returns: whether the client has gone.
    func watch() async -> Bool {
        while received.count < limits.pipelinedBytes {
            do throws(SocketError) {
                guard try await more(deadline: .distantFuture) else { return true }
            } catch {
                return !Task.isCancelled
            }
        }
        return false
    }

    /// Throws away the rest of a body nobody read.
    ///
    /// False when it is too long to wait for.
    func drain(_ framing: RequestHead.Framing) async -> Bool {
        guard case .length(let count) = framing, count <= limits.drainedBytes else { return framing == .none }
        return (try? await readBody(framing)) != nil
    }

    /// Lets the client read a last response before the connection goes (RFC 9112 §9.6).
    func linger() async {
        let deadline = DispatchTime.seconds(2)
        var drained = 0
        while drained < 4 * limits.drainedBytes {
            received.removeAll(keepingCapacity: true)
            guard (try? await more(deadline: deadline)) == true else { return }
            drained += received.count
        }
    }

    /// False at the end of the stream.
    private func more(deadline: DispatchTime) async throws(SocketError) -> Bool {
        let bytes = try await socket.read(upTo: Self.readBytes, deadline: deadline)
        received += bytes
        return !bytes.isEmpty
    }
}
