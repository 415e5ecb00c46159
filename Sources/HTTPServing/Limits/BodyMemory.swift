import Synchronization

/// What all bodies of a server may hold in memory together.
///
/// A small body is not counted, so that those who hold much cannot keep the others out; connections bound small ones.
final class BodyMemory: Sendable {
    private let limits: HTTPLimits
    private let held = Mutex(0)

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    var heldBytes: Int { held.withLock { $0 } }

    /// One body's part of the memory, given back when it goes away at the latest.
    final class Share: Sendable {
        private let memory: BodyMemory
        private let held = Mutex(0)

        init(of memory: BodyMemory) {
            self.memory = memory
        }

        deinit {
            giveBack()
        }

        /// Lets the body grow to so many bytes.
        func grow(to bytes: Int) throws(RequestBodyError) {
            let counted = max(0, bytes - memory.limits.smallBodyBytes)
            let isGranted = held.withLock { held in
                guard counted > held else { return true }
                guard memory.take(counted - held) else { return false }
                held = counted
                return true
            }
            if !isGranted { throw .noRoom }
        }

        /// The body is no longer held.
        func giveBack() {
            held.withLock { held in
                memory.giveBack(held)
                held = 0
            }
        }
    }

    private func take(_ bytes: Int) -> Bool {
        held.withLock { held in
            guard bytes <= limits.bodyMemoryBytes - held else { return false }
            held += bytes
            return true
        }
    }

    private func giveBack(_ bytes: Int) {
        held.withLock { $0 -= bytes }
    }
}
