import Glibc

/// Why an attempt to export traces failed.
enum ExportError: Error, Equatable {
    case unknownHost(String)
    case unreachable(host: String, port: Int, errno: Int32)
    case timedOut(seconds: Double)
    case disconnected(errno: Int32)
    case encryption(String)
    case malformedResponse
    case refused(status: Int)
}

extension ExportError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknownHost(let host): "the collector's name \(host) cannot be looked up"
        case .unreachable(let host, let port, let number):
            "the collector at \(host), port \(port), cannot be reached: \(String(cString: strerror(number)))"
        case .timedOut(let seconds): "the collector did not answer within \(seconds) seconds"
        case .disconnected(let number): "the connection to the collector broke: \(String(cString: strerror(number)))"
        case .encryption(let reason): "TLS with the collector failed: \(reason)"
        case .malformedResponse: "the collector's answer is not HTTP"
        case .refused(let status): "the collector answered with status \(status)"
        }
    }
}
