import Glibc

/// Whom connections are counted for.
///
/// One client has an IPv4 address, or a whole /64 network of IPv6 (RFC 6177), so all of that is one.
enum ClientNetwork: Hashable, Sendable {
    case address4(UInt32)
    /// The upper half of the address.
    case network6(UInt64)
    /// Sockets of no network share one count.
    case other

    /// - Parameter bytes: the address in network order, 4 or 16 bytes.
    init(_ bytes: [UInt8]) {
        switch bytes.count {
        case 4: self = .address4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        // RFC 4291 §2.5.5.2: an IPv4 client of a socket that takes both.
        case 16 where bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]): self.init(Array(bytes[12...]))
        case 16: self = .network6(bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) })
        default: self = .other
        }
    }

    /// - Parameter address: as `accept` fills it in.
    init(_ address: sockaddr_storage) {
        self = withUnsafeBytes(of: address) { bytes in
            switch Int32(address.ss_family) {
            case AF_INET: Self(Array(bytes[4..<8]))
            case AF_INET6: Self(Array(bytes[8..<24]))
            default: .other
            }
        }
    }
}
