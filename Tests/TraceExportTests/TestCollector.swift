import Foundation
import Glibc

/// A collector on a free port that takes every export, one after the other.
///
/// Its thread ends with the socket.
final class TestCollector: Sendable {
    /// The spans of each export, in the order in which they came.
    let exports: AsyncStream<Int>
    let port: Int
    private let descriptor: Int32

    init() {
        let (exports, continuation) = AsyncStream.makeStream(of: Int.self)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                getsockname(descriptor, $0, &length)
            }
        }
        listen(descriptor, 8)
        (self.exports, self.descriptor, port) = (exports, descriptor, Int(UInt16(bigEndian: address.sin_port)))
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return continuation.finish() }
                continuation.yield(Self.answer(connection))
            }
        }
    }

    /// Lets the thread end.
    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        Glibc.close(descriptor)
    }

    /// Reads one request and accepts it; returns how many spans it has.
    private static func answer(_ connection: Int32) -> Int {
        defer { Glibc.close(connection) }
        var bytes = Data()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while body(of: bytes) == nil {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return 0 }
            bytes.append(contentsOf: buffer[..<count])
        }
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
        return body(of: bytes).map(spans) ?? 0
    }

    /// nil until all of it is there.
    private static func body(of request: Data) -> Data? {
        guard let end = request.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: request[..<end.lowerBound], as: UTF8.self)
        let field = head.components(separatedBy: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let length = field.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0
        let body = request[end.upperBound...]
        return body.count >= length ? body : nil
    }

    private static func spans(in body: Data) -> Int {
        let document = try? JSONSerialization.jsonObject(with: body) as? [String: Any]
        let resources = document?["resourceSpans"] as? [[String: Any]]
        let scopes = resources?.first?["scopeSpans"] as? [[String: Any]]
        return (scopes?.first?["spans"] as? [Any])?.count ?? 0
    }
}
