/// Why a socket could not do what was asked.
package enum SocketError: Error, Equatable, Sendable {
    /// A call failed for good.
    case failed(call: String, errno: Int32)
    /// The other side has gone.
    case disconnected
    /// Nothing moved for as long as the connection's deadline allows.
    case timedOut
    case addressInUse(host: String, port: Int)
    case unknownHost(String)
}

extension SocketError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .failed(let call, let code): "\(call) failed: \(SystemCall.message(code))"
        case .disconnected: "the other side closed the connection"
        case .timedOut: "nothing arrived or left within the deadline"
        case .addressInUse(let host, let port): "port \(port) on \(host) is already in use"
        case .unknownHost(let host): "'\(host)' is not an address of this machine"
        }
    }
}
