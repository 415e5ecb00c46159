import Dispatch
import Glibc
import HTTPTypes
import Synchronization

/// Answers connections that are not served, and lets clients read why before their sockets go (RFC 9112 §9.6).
final class RefusedConnections: Sendable {
    private let context: ServerContext
    private let queue = DispatchQueue(label: "switchyard.refuse")
    private let held = Atomic<Int>(0)

    init(context: ServerContext) {
        self.context = context
    }

    /// Sends what the socket takes at once, and closes it a moment later.
    ///
    /// With TLS it only closes: a handshake is more than a server with too much to do should spend on saying no.
    ///
    /// - Parameter descriptor: owned from now on.
    func answer(_ descriptor: Int32, _ verdict: ConnectionAdmission.Verdict) {
        context.metrics.count(.rejected)
        guard context.configuration.tls == nil else {
            close(descriptor)
            return
        }
        let transport = PlainTransport(descriptor: descriptor)
        let bytes = response(verdict)
        _ = bytes.withUnsafeBytes { buffer in try? transport.write(buffer) }
        _ = try? transport.shutDownWriting()
        let limits = context.configuration.limits
        guard held.add(1, ordering: .relaxed).newValue <= limits.heldRefusals else {
            held.subtract(1, ordering: .relaxed)
            close(descriptor)
            return
        }
        let wait = DispatchTimeInterval.milliseconds(Int(context.configuration.timeouts.refusal / .milliseconds(1)))
        queue.asyncAfter(deadline: .now() + wait) { [self] in
            Self.discardInput(of: transport)
            close(descriptor)
            held.subtract(1, ordering: .relaxed)
        }
    }

    private func response(_ verdict: ConnectionAdmission.Verdict) -> [UInt8] {
        let status: HTTPResponse.Status = verdict == .clientFull ? .tooManyRequests : .serviceUnavailable
        let message =
            verdict == .clientFull
            ? "Your address has as many connections as the server allows one."
            : "The server has as many connections as it allows."
        var response = context.configuration.errorResponse(status, message)
        response.fields[.retryAfter] = "1"
        let encoder = ResponseEncoder(
            date: context.date.now,
            requestID: RequestIdentifier().text,
            version: .http11,
            keepsAlive: false
        )
        let head = encoder.head(of: response, framing: encoder.framing(of: response))
        guard case .bytes(let body) = response.body else { return head }
        return head + body
    }

    /// A socket closed with unread bytes is reset, and the client may never see the answer.
    private static func discardInput(of transport: PlainTransport) {
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            for _ in 0..<4 {
                guard case .transferred(let count) = try? transport.read(into: buffer), count > 0 else { return }
            }
        }
    }
}
