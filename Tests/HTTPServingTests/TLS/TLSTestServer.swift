@testable import HTTPServing

/// A session in a box, for `#expect` copies what it looks at and a session cannot be copied.
final class TLSTestServer {
    private var session: TLSSession

    init(_ context: TLSContext, for client: TLSTestClient) throws {
        guard let session = context.makeSession(descriptor: client.serverDescriptor) else { throw TLSError.noMemory }
        self.session = session
    }

    var summary: TLSSession.Summary { session.summary }
    var hasBufferedInput: Bool { session.hasBufferedInput }

    func establish() throws -> TransferResult { try session.establish() }
    func close() throws -> TransferResult { try session.close() }

    func read(count: Int = 65536) throws -> (result: TransferResult, bytes: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: count)
        let result = try buffer.withUnsafeMutableBytes { buffer throws(SocketError) in try session.read(into: buffer) }
        guard case .transferred(let count) = result else { return (result, []) }
        return (result, Array(buffer[..<count]))
    }

    func write(_ bytes: [UInt8]) throws -> TransferResult {
        try bytes.withUnsafeBytes { buffer throws(SocketError) in try session.write(buffer) }
    }
}
