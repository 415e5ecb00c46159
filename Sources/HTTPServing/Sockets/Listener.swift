import Dispatch
import Glibc

/// A listening socket that hands out connected ones.
///
/// `@unchecked Sendable`: immutable but for the source, whose calls are safe from any thread.
final class Listener: @unchecked Sendable {
    let port: Int
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "switchyard.accept")
    private let source: any DispatchSourceRead

    /// Connections the system holds until they are accepted.
    private static let backlog: Int32 = 1024
    /// How long accepting rests when no descriptor is left.
    private static let rest = DispatchTimeInterval.milliseconds(100)

    /// - Parameter port: 0 for any free port.
    init(host: String, port: Int) throws(SocketError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let info = found else { throw .unknownHost(host) }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = try SystemCall.require("socket") { socket(info.pointee.ai_family, kind, 0) }
        do throws(SocketError) {
            self.port = try Self.listen(descriptor, info.pointee)
            source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setCancelHandler { [descriptor] in _ = Glibc.close(descriptor) }
        } catch {
            Glibc.close(descriptor)
            if case .failed(_, EADDRINUSE) = error { throw .addressInUse(host: host, port: port) }
            throw error
        }
    }

    private static func listen(_ descriptor: Int32, _ address: addrinfo) throws(SocketError) -> Int {
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        _ = try SystemCall.require("bind") { bind(descriptor, address.ai_addr, address.ai_addrlen) }
        _ = try SystemCall.require("listen") { Glibc.listen(descriptor, backlog) }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = try SystemCall.require("getsockname") {
            withUnsafeMutablePointer(to: &bound) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
        }
        // Both address families keep the port in the same place.
        return withUnsafeBytes(of: &bound) { Int(UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))) }
    }

    /// Calls `accepted` with each new connection, on a queue of its own, until closed.
    func start(_ accepted: @escaping @Sendable (Socket) -> Void) {
        source.setEventHandler { [weak self] in self?.acceptAll(accepted) }
        source.activate()
    }

    private func acceptAll(_ accepted: @Sendable (Socket) -> Void) {
        while true {
            switch SystemCall.run({ Int(accept(descriptor, nil, nil)) }) {
            case .done(let connection):
                _ = fcntl(Int32(connection), F_SETFD, FD_CLOEXEC)
                accepted(Socket(Int32(connection)))
            case .wouldBlock: return
            case .failed(ECONNABORTED): continue
            case .failed:
                // No descriptors or memory left: clients wait in the backlog until some are free.
                source.suspend()
                queue.asyncAfter(deadline: .now() + Self.rest) { [self] in source.resume() }
                return
            }
        }
    }

    /// Accepts no more.
    func close() { source.cancel() }
}
