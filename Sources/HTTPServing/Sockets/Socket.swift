import Dispatch
import Glibc
import Synchronization

/// A connected, non-blocking socket read and written by awaiting its readiness.
///
/// One task may wait to read and one to write at a time. Closing wakes both.
final class Socket: Sendable {
    private let descriptor: Int32
    private let reading: SocketReadiness
    private let writing: SocketReadiness
    /// A peer that has gone is an error of the call, not a signal to the process.
    private static let sendFlags = Int32(MSG_NOSIGNAL)
    private let isClosed = Atomic<Bool>(false)

    /// Takes ownership of a connected descriptor.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let queue = DispatchQueue(label: "switchyard.socket")
        // The descriptor is closed when both sources have let go of it.
        let holders = Atomic<Int>.Shared(2)
        let release: @Sendable () -> Void = { [descriptor] in
            if holders.decrement() == 0 { Glibc.close(descriptor) }
        }
        reading = SocketReadiness(
            DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue),
            queue,
            onCancel: release
        )
        writing = SocketReadiness(
            DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue),
            queue,
            onCancel: release
        )
    }

    deinit { close() }

    /// Up to `limit` bytes; none at the end of the stream.
    ///
    /// - Throws: `.timedOut` past `deadline`, `.disconnected` when closed or the task is cancelled.
    func read(upTo limit: Int, deadline: DispatchTime) async throws(SocketError) -> [UInt8] {
        while true {
            var buffer = [UInt8](repeating: 0, count: limit)
            switch SystemCall.run({ recv(descriptor, &buffer, limit, 0) }) {
            case .done(let count):
                buffer.removeLast(limit - count)
                return buffer
            case .wouldBlock: try await reading.wait(until: deadline)
            case .failed: throw .disconnected
            }
        }
    }

    /// Returns when the system took all of `bytes`; `stall` is the longest it may take none.
    func write(_ bytes: [UInt8], stall: DispatchTimeInterval) async throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            let outcome = bytes.withUnsafeBytes { buffer -> SystemCall.Outcome in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return SystemCall.run { send(descriptor, rest.baseAddress, rest.count, Self.sendFlags) }
            }
            switch outcome {
            case .done(let count): sent += count
            case .wouldBlock: try await writing.wait(until: .now() + stall)
            case .failed: throw .disconnected
            }
        }
    }

    /// Tells the other side that nothing more is sent; what it sends can still be read.
    func finishWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Wakes whoever waits and gives the descriptor back.
    ///
    /// Harmless when done before.
    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        shutdown(descriptor, Int32(SHUT_RDWR))
        reading.cancel()
        writing.cancel()
    }
}

extension Atomic where Value == Int {
    /// A count that closures can share.
    fileprivate final class Shared: Sendable {
        private let value: Atomic<Int>

        init(_ value: Int) {
            self.value = Atomic(value)
        }

        func decrement() -> Int {
            value.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        }
    }
}
