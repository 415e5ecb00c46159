import Dispatch

/// Lets one task at a time wait for a dispatch source to fire, up to a deadline.
///
/// `@unchecked Sendable`: every stored variable is touched on `queue` only.
final class SocketReadiness: @unchecked Sendable {
    private let queue: DispatchQueue
    private let source: any DispatchSourceProtocol
    private let timer: any DispatchSourceTimer
    private var waiting: CheckedContinuation<Result<Void, SocketError>, Never>?
    private var isArmed = false
    private var isCancelled = false

    /// - Parameter onCancel: called once the system no longer watches the descriptor.
    init(_ source: any DispatchSourceProtocol, _ queue: DispatchQueue, onCancel: @escaping @Sendable () -> Void) {
        self.queue = queue
        self.source = source
        timer = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [weak self] in
            self?.disarm()
            self?.finish(.success(()))
        }
        source.setCancelHandler(handler: onCancel)
        timer.setEventHandler { [weak self] in
            guard let self, waiting != nil else { return }
            disarm()
            finish(.failure(.timedOut))
        }
        timer.activate()
    }

    deinit {
        // A source must not be released while it is suspended.
        timer.cancel()
        if !isCancelled { source.cancel() }
        if !isArmed { source.resume() }
    }

    /// Waits until the source fires.
    ///
    /// - Throws: `.timedOut` past `deadline`, `.disconnected` when cancelled.
    func wait(until deadline: DispatchTime) async throws(SocketError) {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { self.begin(continuation, deadline) }
            }
        } onCancel: {
            queue.async { self.abandon() }
        }
        try result.get()
    }

    /// Ends the wait in progress and every later one.
    func cancel() {
        queue.async { [self] in
            guard !isCancelled else { return }
            isCancelled = true
            source.cancel()
            if !isArmed {
                isArmed = true
                source.resume()
            }
            finish(.failure(.disconnected))
        }
    }

    private func begin(_ continuation: CheckedContinuation<Result<Void, SocketError>, Never>, _ deadline: DispatchTime)
    {
        guard !isCancelled, waiting == nil else { return continuation.resume(returning: .failure(.disconnected)) }
        waiting = continuation
        timer.schedule(deadline: deadline)
        if !isArmed {
            isArmed = true
            source.resume()
        }
    }

    /// The waiting task was cancelled.
    private func abandon() {
        guard waiting != nil else { return }
        disarm()
        finish(.failure(.disconnected))
    }

    private func disarm() {
        guard isArmed, !isCancelled else { return }
        isArmed = false
        source.suspend()
    }

    private func finish(_ result: Result<Void, SocketError>) {
        waiting?.resume(returning: result)
        waiting = nil
        timer.schedule(deadline: .distantFuture)
    }
}
