import COpenSSL
import Glibc
import Testing

@testable import HTTPServing

@Suite(.timeLimit(.minutes(1)))
struct TLSSessionTests {
    let files: TestCertificate
    let context: TLSContext

    init() throws {
        files = try TestCertificate()
        context = try TLSContext(certificate: files.certificate, key: files.key)
    }

    func server(for client: TLSTestClient) throws -> TLSTestServer { try TLSTestServer(context, for: client) }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [1, 7, .max])
    func bytesGoBothWaysHoweverTheyArrive(version: Int32, step: Int) throws {
        let client = try TLSTestClient(.init(newestVersion: version, step: step))
        let server = try self.server(for: client)
        #expect(try client.connect(to: server))
        #expect(server.summary.version == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"))
        client.write(Array("hello".utf8))
        var received: [UInt8] = []
        while received.count < 5 {
            client.push()
            received += try server.read().bytes
        }
        #expect(received == Array("hello".utf8))
        #expect(try server.write(Array("world".utf8)) == .transferred(5))
        client.pull()
        #expect(client.read() == Array("world".utf8))
    }

    @Test(arguments: [TLS1_VERSION, TLS1_1_VERSION])
    func olderVersionsAreRefused(version: Int32) throws {
        let client = try TLSTestClient(.init(newestVersion: version))
        let server = try self.server(for: client)
        #expect(throws: SocketError.tls(reason: "unsupported protocol")) { _ = try client.connect(to: server) }
    }

    @Test func aClientOfOtherProtocolsIsToldSo() throws {
        let client = try TLSTestClient(.init(protocols: [2] + Array("h2".utf8)))
        let server = try self.server(for: client)
        #expect(throws: SocketError.self) { _ = try client.connect(to: server) }
        client.pull()
        #expect(SSL_do_handshake(client.ssl) == -1)
        #expect(OpenSSLError.takeReason() == "tlsv1 alert no application protocol")
    }

    @Test func http11IsChosenAmongProtocols() throws {
        let client = try TLSTestClient(.init(protocols: [2] + Array("h2".utf8) + [8] + Array("http/1.1".utf8)))
        let server = try self.server(for: client)
        #expect(try client.connect(to: server))
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(client.ssl, &name, &count)
        #expect(Array(UnsafeBufferPointer(start: name, count: Int(count))) == Array("http/1.1".utf8))
    }

    @Test func listsOfProtocolsThatBreakOffHoldNothing() {
        let cut = [2, 104, 50, 8] + Array("http/1.".utf8)
        #expect(cut.withUnsafeBufferPointer { ProtocolOffer.http11(in: $0) } == nil)
        let whole = [2, 104, 50, 8] + Array("http/1.1".utf8)
        #expect(whole.withUnsafeBufferPointer { ProtocolOffer.http11(in: $0) } == 4..<12)
        #expect([UInt8]().withUnsafeBufferPointer { ProtocolOffer.http11(in: $0) } == nil)
    }

    @Test func theEndOfAStreamIsToldFromACut() throws {
        for isProper in [true, false] {
            let client = try TLSTestClient()
            let server = try self.server(for: client)
            #expect(try client.connect(to: server))
            if isProper { SSL_shutdown(client.ssl) }
            client.push()
            client.shutDownWriting()
            if isProper {
                #expect(try server.read().result == .transferred(0))
            } else {
                #expect(throws: SocketError.disconnected) { try server.read() }
            }
        }
    }

    @Test func closingTellsTheClient() throws {
        let client = try TLSTestClient()
        let server = try self.server(for: client)
        #expect(try server.close() == .transferred(0))  // Nothing to say before the handshake.
        #expect(try client.connect(to: server))
        #expect(try server.close() == .transferred(0))
        client.pull()
        #expect(client.read().isEmpty && SSL_get_error(client.ssl, 0) == SSL_ERROR_ZERO_RETURN)
    }

    @Test func aWriteThatWouldBlockGoesOnWhereItStopped() throws {
        let client = try TLSTestClient()
        let server = try self.server(for: client)
        #expect(try client.connect(to: server))
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var (sent, blocked, received) = (0, 0, [UInt8]())
        while sent < bytes.count {
            switch try server.write(Array(bytes[sent...].prefix(100_000))) {
            case .transferred(let count): sent += count
            case .wouldBlock(let readiness):
                #expect(readiness == .writable)
                blocked += 1
                client.pull()
                received += client.read()
            }
        }
        client.pull()
        #expect(received + client.read() == bytes && blocked > 3)
    }

    @Test func aHandshakeMayHaveToWaitForWriting() throws {
        let client = try TLSTestClient()
        let server = try self.server(for: client)
        let filler = [UInt8](repeating: 0, count: 4096)
        for count in [4096, 1] { while Glibc.send(client.serverDescriptor, filler, count, 0) > 0 {} }
        SSL_do_handshake(client.ssl)
        client.push()
        #expect(try server.establish() == .wouldBlock(.writable))
        client.discard()
        #expect(try client.connect(to: server))
    }
}

extension TLSSessionTests {
    @Test func bytesThatWaitInsideAreToldOf() throws {
        let client = try TLSTestClient()
        let server = try self.server(for: client)
        #expect(try client.connect(to: server))
        #expect(!server.hasBufferedInput)
        client.write([UInt8](repeating: 5, count: 3000))
        client.push()
        #expect(try server.read(count: 1000).result == .transferred(1000))
        #expect(server.hasBufferedInput)
        #expect(try server.read().result == .transferred(2000))
        #expect(!server.hasBufferedInput)
        #expect(try server.read().result == .wouldBlock(.readable))
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func aTicketSparesTheWholeHandshake(version: Int32) throws {
        let first = try TLSTestClient(.init(newestVersion: version))
        let server = try self.server(for: first)
        #expect(try first.connect(to: server))
        #expect(!server.summary.isResumed)
        _ = try server.write([1])
        first.pull()
        _ = first.read()
        let ticket = SSL_get1_session(first.ssl)
        defer { SSL_SESSION_free(ticket) }
        let second = try TLSTestClient(.init(newestVersion: version, session: ticket))
        let again = try self.server(for: second)
        #expect(try second.connect(to: again))
        #expect(again.summary.isResumed)
    }

    @Test func renegotiationIsRefused() throws {
        let client = try TLSTestClient(.init(newestVersion: TLS1_2_VERSION))
        let server = try self.server(for: client)
        #expect(try client.connect(to: server))
        SSL_renegotiate(client.ssl)
        SSL_do_handshake(client.ssl)
        client.push()
        #expect(try server.read().result == .wouldBlock(.readable))
        client.pull()
        #expect(SSL_do_handshake(client.ssl) == -1)
        #expect(OpenSSLError.takeReason() == "no renegotiation")
    }

    @Test func whoDoesNotSpeakTLSIsTold() throws {
        for (text, isHTTP) in [("GET / HTTP/1.1\r\n\r\n", true), ("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", false)] {
            let client = try TLSTestClient()
            let server = try self.server(for: client)
            client.send(text.utf8)
            let error = #expect(throws: SocketError.self) { try server.establish() }
            #expect((error == .plainRequest) == isHTTP)
            // Whatever is asked of it afterwards is refused before OpenSSL sees it.
            #expect(throws: SocketError.disconnected) { try server.read() }
            #expect(try server.close() == .transferred(0))
        }
    }
}
