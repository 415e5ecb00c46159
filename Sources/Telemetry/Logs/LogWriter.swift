import Foundation
import Glibc

/// Writes finished log lines to a descriptor from a thread of its own, so that nobody else ever waits for a disk or a pipe.
///
/// Lines come out whole and in order. What finds the queue full is dropped and counted, and so is what the descriptor
/// refuses: a full disk, a closed pipe. Any thread may write.
///
/// Sendable by proof: `queued`, `isWriting` and `isClosed` are touched only under the lock of `condition`.
package final class LogWriter: @unchecked Sendable {
    /// Bytes that may wait for the descriptor.
    package static let defaultQueueBytes = 1 << 20

    /// Lines that were not written.
    package let dropped = Counter()
    private let descriptor: Int32
    private let maximumBytes: Int
    private let condition = NSCondition()
    private var queued: [UInt8] = []
    private var isWriting = false
    private var isClosed = false

    /// - Parameters:
    ///   - descriptor: stays open, and may be shared; is never made non-blocking.
    ///   - queueBytes: the most that may wait; a longer line is always dropped.
    package init(descriptor: Int32 = STDERR_FILENO, queueBytes: Int = defaultQueueBytes) {
        self.descriptor = descriptor
        maximumBytes = queueBytes
        let thread = Thread { [self] in run() }
        thread.name = "switchyard-log"
        thread.stackSize = 512 << 10
        thread.start()
    }

    /// Queues a line without waiting.
    ///
    /// - Parameter line: without the line feed, which is added.
    package func write(_ line: [UInt8]) {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed, queued.count + line.count < maximumBytes else { return dropped.increment() }
        queued.append(contentsOf: line)
        queued.append(10)
        if !isWriting { condition.signal() }
    }

    /// Waits until everything queued was written or dropped, at most for `limit`.
    package func flush(within limit: Duration) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.waitUntilEmpty(before: Date(timeIntervalSinceNow: limit / .seconds(1)))
                continuation.resume()
            }
        }
    }

    /// Ends the thread once what is queued has been written; later lines are dropped.
    package func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        condition.broadcast()
    }

    private func waitUntilEmpty(before deadline: Date) {
        condition.lock()
        defer { condition.unlock() }
        while isWriting || !queued.isEmpty {
            guard condition.wait(until: deadline) else { return }
        }
    }

    private func run() {
        var output = LogOutput(descriptor: descriptor)
        while let batch = nextBatch() {
            dropped.increment(by: UInt64(output.write(batch)))
        }
    }

    /// Waits for lines; nil after `close`.
    private func nextBatch() -> [UInt8]? {
        condition.lock()
        defer { condition.unlock() }
        isWriting = false
        if queued.isEmpty { condition.broadcast() }
        while queued.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        isWriting = true
        var batch: [UInt8] = []
        swap(&batch, &queued)
        return batch
    }
}

/// The descriptor's side of a log: blocking writes, and what to do when they fail.
struct LogOutput {
    let descriptor: Int32
    /// A write that failed left part of a line behind.
    private var isMidLine = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes lines, each with its line feed; returns how many were not, or not wholly, written.
    mutating func write(_ lines: [UInt8]) -> Int {
        // What was cut off must not swallow the next line.
        let bytes = isMidLine ? [10] + lines : lines
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                sent += count
                isMidLine = bytes[sent - 1] != 10
            } else if count < 0, errno == EAGAIN {
                waitUntilWritable()
            } else if count < 0, errno != EINTR {
                return bytes[sent...].count { $0 == 10 }
            }
        }
        return 0
    }

    /// For a descriptor that someone else made non-blocking.
    private func waitUntilWritable() {
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&descriptors, 1, 1000)
    }
}
