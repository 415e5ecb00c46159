import Glibc
import Synchronization

/// Bytes encrypted with TLS.
///
/// Does not own the descriptor. A lock keeps calls apart, because an SSL object takes one at a time.
final class TLSTransport: ByteTransport {
    private struct State: ~Copyable, Sendable {
        var session: TLSSession
        /// The client spoke HTTP without TLS, and is told so in kind.
        var isPlain = false
    }

    private let plain: PlainTransport
    private let state: Mutex<State>

    init?(context: TLSContext, descriptor: Int32) {
        guard let session = context.makeSession(descriptor: descriptor) else { return nil }
        plain = PlainTransport(descriptor: descriptor)
        state = Mutex(State(session: session))
    }

    var hasBufferedInput: Bool { state.withLock { !$0.isPlain && $0.session.hasBufferedInput } }
    var needsEstablishing: Bool { true }

    /// nil until the handshake is over.
    var summary: TLSSession.Summary? {
        state.withLock { $0.session.isEstablished ? $0.session.summary : nil }
    }

    func establish() throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            do throws(SocketError) {
                return try state.session.establish()
            } catch {
                if error == .plainRequest { state.isPlain = true }
                throw error
            }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            try state.isPlain ? plain.read(into: buffer) : state.session.read(into: buffer)
        }
    }

    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            try state.isPlain ? plain.write(buffer) : state.session.write(buffer)
        }
    }

    func shutDownWriting() throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            if !state.isPlain, case .wouldBlock(let readiness) = try state.session.close() {
                return .wouldBlock(readiness)
            }
            return try plain.shutDownWriting()
        }
    }
}
