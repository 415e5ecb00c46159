import HTTPTypes

/// Why a connection is not served.
enum ConnectionRefusal: Hashable, CaseIterable, Sendable {
    /// As many connections are open as may be.
    case full
    /// This client has as many as one may have.
    case clientFull
}

extension ConnectionRefusal {
    var status: HTTPResponse.Status {
        switch self {
        case .full: .serviceUnavailable
        case .clientFull: .tooManyRequests
        }
    }

    /// What the client is told.
    var message: String {
        switch self {
        case .full: "The server has as many connections as it allows."
        case .clientFull: "Your address has as many connections as the server allows one."
        }
    }

    /// What the operator is told: the limit that was reached, and its flag.
    func reached(in limits: HTTPLimits) -> String {
        switch self {
        case .full: "\(limits.connections) are open, which is all of --max-connections"
        case .clientFull: "an address has \(limits.connectionsPerClient), which is all of --max-connections-per-address"
        }
    }
}
