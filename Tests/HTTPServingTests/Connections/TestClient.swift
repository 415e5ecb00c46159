import Dispatch
import Glibc

/// A plain blocking client; its calls run on a dispatch thread, never on the cooperative pool.
struct TestClient: Sendable {
    let descriptor: Int32

    init(port: Int, receiveBuffer: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }

    func send(_ text: String, by size: Int = .max) async { await send(bytes: Array(text.utf8), by: size) }

    /// - Returns: how many bytes the connection took before it broke.
    @discardableResult
    func send(bytes: [UInt8], by size: Int = .max) async -> Int {
        await onThread {
            var start = 0
            while start < bytes.count {
                let end = size > bytes.count - start ? bytes.count : start + size
                let count = bytes[start..<end].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { break }
                start += count
            }
            return start
        }
    }

    /// What arrives until `text` has been seen, or to the end of the stream.
    func receive(until text: String? = nil) async -> String {
        await onThread {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &buffer, text == nil ? buffer.count : 1, 0)
                if count <= 0 { break }
                all += buffer[..<count]
                if let text, all.suffix(text.utf8.count).elementsEqual(text.utf8) { break }
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    func shutDownWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    func close() { _ = Glibc.close(descriptor) }
}
