import Dispatch
import Glibc
import HTTPTypes
import Logging
import Synchronization

/// Answers connections that are not served, and lets clients read why before their sockets go (RFC 9112 §9.6).
final class RefusedConnections: Sendable {
    private let context: ServerContext
    private let queue = DispatchQueue(label: "switchyard.refuse")
    private let held = Atomic<Int>(0)
    private let reports: Mutex<[ConnectionRefusal: RefusalReport<ContinuousClock>]>

    init(context: ServerContext) {
        self.context = context
        let report = RefusalReport(interval: context.configuration.timeouts.refusalReport, clock: ContinuousClock())
        reports = Mutex(Dictionary(uniqueKeysWithValues: ConnectionRefusal.allCases.map { ($0, report) }))
    }

    /// Sends what the socket takes at once, and closes it a moment later.
    ///
    /// With TLS it only closes: a handshake is more than a server with too much to do should spend on saying no.
    ///
    /// - Parameter descriptor: owned from now on.
    func answer(_ descriptor: Int32, _ refusal: ConnectionRefusal) {
        context.metrics.count(.rejected)
        reports.withLock { $0[refusal]?.refused() }
        guard context.configuration.tls == nil else {
            close(descriptor)
            return
        }
        let transport = PlainTransport(descriptor: descriptor)
        let bytes = response(refusal)
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

    /// Says in the log that connections were refused, if it is time to.
    ///
    /// Called now and then.
    func report() {
        for refusal in ConnectionRefusal.allCases {
            guard let count = reports.withLock({ $0[refusal]?.due() }) else { continue }
            context.logger.warning(
                "connections refused: \(refusal.reached(in: context.configuration.limits))",
                metadata: ["refused": "\(count)"]
            )
        }
    }

    private func response(_ refusal: ConnectionRefusal) -> [UInt8] {
        var response = context.configuration.errorResponse(refusal.status, refusal.message)
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
