import CKernels
import Foundation
import Synchronization

/// The threads under the kernels: the caller and `threads - 1` helpers that take tiles of work from one counter.
///
/// Nothing is split in advance, so a helper that loses its core delays one tile and no more. Between regions a helper
/// spins briefly, then sleeps: a decoder step crosses dozens of regions and waking a thread costs more than most of them.
///
/// `@unchecked Sendable`: `job` is written by the owner before `remaining` is stored with release order, and read only
/// by a thread that took a tile from `remaining` with acquire order; the owner does not touch `job` again before every
/// tile taken has been counted in `completed`.
package final class Workers: @unchecked Sendable {
    /// The caller included.
    package let threads: Int

    private struct Job {
        var tiles = 0
        var body: (_ tile: Int, _ thread: Int) -> Void = { _, _ in }
    }

    private var job = Job()
    private let remaining = Atomic<Int>(0)
    private let completed = Atomic<Int>(0)
    private let sleeping = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let wake = NSCondition()

    /// Pauses a helper spins for before it sleeps: about 100 µs.
    private static let spins = 4000

    /// - Parameter threads: at least 1.
    package init(threads: Int) {
        self.threads = max(1, threads)
        for index in 1..<max(2, self.threads) where index < self.threads {
            let thread = Thread { [unowned self] in help(as: index) }
            thread.name = "switchyard-worker-\(index)"
            thread.start()
        }
    }

    /// Runs `body` once for every tile from 0, in that order of starting, and returns when all are done.
    ///
    /// `thread` tells tiles that run at the same time apart: 0 up to `threads`, exclusive. Called by one thread at a time.
    package func forEach(_ tiles: Int, _ body: (_ tile: Int, _ thread: Int) -> Void) {
        guard tiles > 1, threads > 1 else {
            for tile in 0..<tiles { body(tile, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            job = Job(tiles: tiles, body: body)
            completed.store(0, ordering: .relaxed)
            remaining.store(tiles, ordering: .sequentiallyConsistent)
            if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
                wake.lock()
                wake.broadcast()
                wake.unlock()
            }
            takeTiles(as: 0)
            while completed.load(ordering: .acquiring) < tiles { ck_pause() }
            job.body = { _, _ in }
        }
    }

    private func takeTiles(as thread: Int) {
        while true {
            let left = remaining.wrappingSubtract(1, ordering: .acquiringAndReleasing).oldValue
            guard left > 0 else { return }
            job.body(job.tiles - left, thread)
            completed.wrappingAdd(1, ordering: .releasing)
        }
    }

    private func help(as thread: Int) {
        while true {
            var spin = 0
            while remaining.load(ordering: .relaxed) <= 0 {
                spin += 1
                if spin < Self.spins { ck_pause() } else { sleepUntilNeeded() }
            }
            takeTiles(as: thread)
        }
    }

    private func sleepUntilNeeded() {
        wake.lock()
        sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while remaining.load(ordering: .sequentiallyConsistent) <= 0 { wake.wait() }
        sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        wake.unlock()
    }
}
