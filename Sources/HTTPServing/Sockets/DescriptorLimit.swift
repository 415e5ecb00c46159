import Glibc

/// How many files the process may have open, and whether that is enough for its connections.
package enum DescriptorLimit {
    /// What to do about the limit.
    enum Decision: Equatable {
        case enough
        case raise(to: Int)
        case refuse
    }

    /// Files open beside the connections: listeners, checkpoints, logs, the event loop.
    static let reserve = 128

    /// The last descriptors, which no connection gets.
    ///
    /// Dispatch reads /proc now and then and ends the process when it may not open it, so they must never run out.
    static let headroom = 32

    /// Whether one more connection leaves the headroom free.
    ///
    /// - Parameter lowestFree: the number that the next file to be opened would get.
    static func leavesHeadroom(lowestFree: Int, soft: Int) -> Bool { lowestFree < soft - headroom }

    /// Whether one more connection can be accepted on `listener`.
    static func hasRoom(on listener: Int32) -> Bool {
        let lowestFree = fcntl(listener, F_DUPFD_CLOEXEC, 0)
        guard lowestFree >= 0 else { return false }
        close(lowestFree)
        var current = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &current) == 0 else { return true }
        return leavesHeadroom(lowestFree: Int(lowestFree), soft: Int(clamping: current.rlim_cur))
    }

    /// - Parameters:
    ///   - soft: the limit in force.
    ///   - hard: how far a process without privileges may raise it.
    static func decide(needed: Int, soft: Int, hard: Int) -> Decision {
        if needed <= soft { return .enough }
        return needed <= hard ? .raise(to: needed) : .refuse
    }

    /// Lets the process have a descriptor for every connection that `limits` allow.
    ///
    /// - Throws: when the system does not let it have so many.
    package static func prepare(for limits: HTTPLimits) throws(SocketError) {
        let needed = limits.connections + limits.heldRefusals + reserve
        var current = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &current) == 0 else {
            throw .failed(call: "getrlimit", errno: errno)
        }
        switch decide(needed: needed, soft: Int(clamping: current.rlim_cur), hard: Int(clamping: current.rlim_max)) {
        case .enough: return
        case .raise(let count):
            current.rlim_cur = rlim_t(count)
            guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &current) == 0 else {
                throw .failed(call: "setrlimit", errno: errno)
            }
        case .refuse:
            throw .tooFewDescriptors(
                connections: limits.connections,
                needed: needed,
                allowed: Int(clamping: current.rlim_max)
            )
        }
    }
}
