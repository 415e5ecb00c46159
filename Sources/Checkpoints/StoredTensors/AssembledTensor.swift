private import Dispatch
private import Synchronization

/// A tensor put together from blocks that are unpacked when they are first needed, and let go again.
///
/// What cannot be unpacked reads as NaN, which no model is loaded with, and `problem` says why. Any thread may use it; one
/// that needs blocks another is unpacking waits for it.
final class AssembledTensor: Sendable {
    private enum State {
        /// `isExpected`: another thread was told to unpack them, and did not yet.
        case absent(isExpected: Bool)
        case present([TensorPart])
        case failed(CheckpointError)
    }

    private let load: @Sendable () throws(CheckpointError) -> [TensorPart]
    private let state = Mutex(State.absent(isExpected: false))

    /// - Parameter load: gives blocks that cover the tensor, each of which fits its bytes; called again after `release`.
    init(_ load: @escaping @Sendable () throws(CheckpointError) -> [TensorPart]) { self.load = load }

    /// Why the blocks could not be unpacked; nil as long as none was found damaged.
    var problem: CheckpointError? {
        state.withLock { if case .failed(let problem) = $0 { problem } else { nil } }
    }

    /// The blocks, unpacked now if they are not; nil when they cannot be.
    func parts() -> [TensorPart]? { state.withLock { Self.fill(&$0, load) } }

    private static func fill(
        _ state: inout State,
        _ load: () throws(CheckpointError) -> [TensorPart]
    ) -> [TensorPart]? {
        if case .absent = state {
            do throws(CheckpointError) { state = .present(try load()) } catch { state = .failed(error) }
        }
        if case .present(let parts) = state { return parts }
        return nil
    }

    /// Begins to unpack the blocks on another thread, which leaves it when they were used and released before.
    func expect() {
        let isNew = state.withLockIfAvailable { state in
            guard case .absent(isExpected: false) = state else { return false }
            state = .absent(isExpected: true)
            return true
        }
        guard isNew == true else { return }
        DispatchQueue.global().async { [self] in
            state.withLock { if case .absent(isExpected: true) = $0 { _ = Self.fill(&$0, load) } }
        }
    }

    /// Gives back what the blocks take.
    func release() {
        state.withLock { if case .failed = $0 {} else { $0 = .absent(isExpected: false) } }
    }
}
