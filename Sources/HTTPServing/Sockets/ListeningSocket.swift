import Glibc

/// A bound, listening, non-blocking socket.
struct ListeningSocket {
    let descriptor: Int32
    let port: Int

    init(host: String, port: Int, backlog: Int) throws(SocketError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        guard getaddrinfo(bare, "\(port)", &hints, &found) == 0, let address = found else { throw .unknownHost(host) }
        defer { freeaddrinfo(found) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { throw .failed(call: "socket", errno: errno) }
        do throws(SocketError) {
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
            guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else {
                if errno == EADDRINUSE { throw .addressInUse(host: host, port: port) }
                throw .failed(call: "binding port \(port) on \(host)", errno: errno)
            }
            guard Glibc.listen(descriptor, Int32(clamping: backlog)) == 0 else {
                if errno == EADDRINUSE { throw .addressInUse(host: host, port: port) }
                throw .failed(call: "listening on port \(port) of \(host)", errno: errno)
            }
            self.port = Self.boundPort(descriptor)
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            guard let pointer, getsockname(descriptor, pointer, &length) == 0 else { return 0 }
            // The port lies at the same place in both families, in network order.
            return Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }

    enum Accepted {
        case connection(Int32, ClientNetwork)
        case nothing
        /// Out of descriptors or memory: try again later.
        case exhausted
        case failed(errno: Int32)
    }

    static func accept(on listener: Int32) -> Accepted {
        guard DescriptorLimit.hasRoom(on: listener) else { return .exhausted }
        while true {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(listener, $0, &length) }
            }
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                var on: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                return .connection(descriptor, ClientNetwork(address))
            }
            let number = errno
            switch number {
            case EAGAIN: return .nothing
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            // accept(2): errors of the network that belong to one connection are to be tried again.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH, ENONET: continue
            default: return .failed(errno: number)
            }
        }
    }
}
