import CEpoll

/// What a socket is watched for, or ready for.
struct SocketInterest: OptionSet, Sendable {
    static let reading = SocketInterest(rawValue: 1)
    static let writing = SocketInterest(rawValue: 2)

    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// - Parameter events: as epoll tells them. A socket that has hung up or failed is ready for anything: the next call
    ///   says what is wrong with it.
    init(events: UInt32) {
        let over = EPOLLHUP.rawValue | EPOLLERR.rawValue
        self = []
        if events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | over) != 0 { insert(.reading) }
        if events & (EPOLLOUT.rawValue | over) != 0 { insert(.writing) }
    }

    /// As epoll takes them.
    var events: UInt32 {
        (contains(.reading) ? EPOLLIN.rawValue | EPOLLRDHUP.rawValue : 0) | (contains(.writing) ? EPOLLOUT.rawValue : 0)
    }
}
