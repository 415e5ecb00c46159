import Glibc
import Synchronization
import Testing

@testable import HTTPServing

/// A transport that must wait in the direction one would not expect, once for each thing it does.
private final class ContraryTransport: ByteTransport {
    private struct State {
        var hasEstablished = false
        var hasRead = false
        var hasWritten = false
    }

    private let plain: PlainTransport
    private let client: Int32
    private let state = Mutex(State())

    init(descriptor: Int32, client: Int32) {
        plain = PlainTransport(descriptor: descriptor)
        self.client = client
    }

    var hasBufferedInput: Bool { false }
    var needsEstablishing: Bool { true }

    private func isFirst(_ path: any WritableKeyPath<State, Bool> & Sendable) -> Bool {
        state.withLock { state in
            defer { state[keyPath: path] = true }
            return !state[keyPath: path]
        }
    }

    func establish() throws(SocketError) -> TransferResult {
        isFirst(\.hasEstablished) ? .wouldBlock(.writable) : .transferred(0)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> TransferResult {
        isFirst(\.hasRead) ? .wouldBlock(.writable) : try plain.read(into: buffer)
    }

    func write(_ buffer: UnsafeRawBufferPointer) throws(SocketError) -> TransferResult {
        guard isFirst(\.hasWritten) else { return try plain.write(buffer) }
        // What the write waits for; it may be read before the writer has begun to wait.
        send(client, "d", 1, 0)
        return .wouldBlock(.readable)
    }

    func shutDownWriting() throws(SocketError) -> TransferResult { try plain.shutDownWriting() }
}

@Suite(.timeLimit(.minutes(1)))
struct ChannelTests {
    /// Takes `count` bytes as they come.
    private func receive(_ count: Int, from channel: Channel) async throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, try await channel.awaitBytes() {
            all += channel.withInbound { input in
                defer { input.consume(input.count) }
                return Array(input[0..<input.count])
            }
        }
        return all
    }

    @Test func aTransportMayWaitInEitherDirection() async throws {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &pair) == 0)
        let client = pair[0]
        let channel = Channel(
            descriptor: pair[1],
            transport: ContraryTransport(descriptor: pair[1], client: client),
            limits: HTTPLimits(),
            timeouts: HTTPTimeouts()
        )
        let poller = SocketPoller()
        poller.start()
        defer {
            channel.close()
            poller.stop()
        }
        try channel.start(poller) {}
        send(client, "ab", 2, 0)
        try await channel.awaitEstablished()
        #expect(try await receive(2, from: channel) == Array("ab".utf8))
        try await channel.write([99])
        var byte: UInt8 = 0
        #expect(recv(client, &byte, 1, 0) == 1 && byte == 99)
        close(client)
    }

    /// Nobody reads here, so that only the write can find out.
    @Test func aWriteThatFailsTellsThatTheClientHasGone() async throws {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &pair) == 0)
        let channel = Channel(
            descriptor: pair[1],
            transport: PlainTransport(descriptor: pair[1]),
            limits: HTTPLimits(),
            timeouts: HTTPTimeouts()
        )
        defer { channel.close() }
        try await channel.write([1])
        #expect(!channel.hasDeparted)
        close(pair[0])
        await #expect(throws: SocketError.self) { try await channel.write([2]) }
        #expect(channel.hasDeparted && !channel.isStalled)
    }

    /// When the buffer is full, further records wait in OpenSSL, where no socket tells of them.
    @Test func whatWaitsDecryptedIsReadOnceThereIsRoom() async throws {
        let files = try TestCertificate()
        let context = try TLSContext(certificate: files.certificate, key: files.key)
        let client = try TLSTestClient()
        let descriptor = dup(client.serverDescriptor)
        var limits = HTTPLimits()
        limits.bufferedBytes = 1000
        let channel = Channel(
            descriptor: descriptor,
            transport: try #require(TLSTransport(context: context, descriptor: descriptor)),
            limits: limits,
            timeouts: HTTPTimeouts()
        )
        let poller = SocketPoller()
        poller.start()
        defer {
            channel.close()
            poller.stop()
        }
        try channel.start(poller) {}
        #expect(client.connect())
        try await channel.awaitEstablished()
        for number in 0..<10 { client.write([UInt8](repeating: UInt8(number), count: 1000)) }
        client.push()
        let expected = (0..<10).flatMap { [UInt8](repeating: $0, count: 1000) }
        #expect(try await receive(10_000, from: channel) == expected)
    }
}
