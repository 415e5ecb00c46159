import Glibc

/// What can go wrong with a socket.
package enum SocketError: Error, Equatable, Sendable {
    case addressInUse(host: String, port: Int)
    case unknownHost(String)
    case failed(call: String, errno: Int32)
    /// The process may not open a file for every connection.
    case tooFewDescriptors(connections: Int, needed: Int, allowed: Int)
    case disconnected
    case timedOut
    case closed
    /// The handshake or a record of TLS was not as it must be; in OpenSSL's words.
    case tls(reason: String)
    /// HTTP without TLS where TLS was expected.
    case plainRequest
}

extension SocketError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .addressInUse(let host, let port): "port \(port) on \(host) is already in use"
        case .unknownHost(let host): "\(host) is not an address of this machine or a name that can be looked up"
        case .failed(let call, let number): "\(call) failed: \(String(cString: strerror(number)))"
        case .tooFewDescriptors(let connections, let needed, let allowed):
            "\(connections) connections need \(needed) open files, but the limit is \(allowed): "
                + "raise it with ulimit -n, or lower --max-connections"
        case .disconnected: "the client has gone"
        case .timedOut: "the client did not read or write in time"
        case .closed: "the connection has been closed"
        case .tls(let reason): "TLS failed: \(reason)"
        case .plainRequest: "the client does not speak TLS"
        }
    }
}
