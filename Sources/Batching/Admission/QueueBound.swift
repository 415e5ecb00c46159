/// Which limit of the queue a request met.
package enum QueueBound: Equatable, Sendable {
    case requests(limit: Int)
    case tokens(limit: Int)
    /// What waits before it would take longer than the request may.
    case wait(expected: Duration)

    /// The end of a sentence on why there is no room.
    package var reason: String {
        switch self {
        case .requests(let limit): "\(limit) requests are waiting"
        case .tokens(let limit): "requests of up to \(limit) tokens are waiting"
        case .wait(let expected):
            "it would take about \(Int((expected / .seconds(1)).rounded(.up))) seconds, longer than the request may"
        }
    }
}
