import Glibc

/// The one place that reads `errno`.
enum SystemCall {
    enum Outcome {
        case done(Int)
        case wouldBlock
        case failed(Int32)
    }

    /// Runs a call that returns -1 on failure, again when a signal interrupted it.
    static func run(_ call: () -> Int) -> Outcome {
        while true {
            let result = call()
            if result >= 0 { return .done(result) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    /// - Throws: `SocketError.failed` naming the call.
    static func require(_ name: String, _ call: () -> Int32) throws(SocketError) -> Int32 {
        switch run({ Int(call()) }) {
        case .done(let value): return Int32(value)
        case .wouldBlock: throw .failed(call: name, errno: EAGAIN)
        case .failed(let code): throw .failed(call: name, errno: code)
        }
    }

    static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
