import CKernels
import Foundation
import Synchronization

/// The helpers of one `Workers` and the region they work on.
///
/// Between regions a helper spins briefly, then sleeps: a decoder step crosses dozens of regions, and waking a thread
/// costs more than most of them.
///
/// `@unchecked Sendable`: `job` is written by the owner before `remaining` is stored with release order, and read only
/// by a thread that took a tile from `remaining` with acquire order; the owner does not touch `job` again before every
/// tile taken has been counted in `completed`.
final class Crew: @unchecked Sendable {
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

    func startHelper(_ index: Int) {
        let thread = Thread { [self] in help(as: index) }
        thread.name = "switchyard-worker-\(index)"
        thread.start()
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeHelpers()
    }

    /// Called by the owner, which takes tiles itself and returns when all are done.
    func run(_ tiles: Int, _ body: @escaping (_ tile: Int, _ thread: Int) -> Void) {
        job = Job(tiles: tiles, body: body)
        completed.store(0, ordering: .relaxed)
        remaining.store(tiles, ordering: .sequentiallyConsistent)
        if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeHelpers() }
        takeTiles(as: 0)
        while completed.load(ordering: .acquiring) < tiles { ck_pause() }
        job.body = { _, _ in }
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
        while !isStopping.load(ordering: .relaxed) {
            var spin = 0
            while remaining.load(ordering: .relaxed) <= 0, !isStopping.load(ordering: .relaxed) {
                spin += 1
                if spin < Self.spins { ck_pause() } else { sleepUntilNeeded() }
            }
            takeTiles(as: thread)
        }
    }

    private func sleepUntilNeeded() {
        wake.lock()
        sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while remaining.load(ordering: .sequentiallyConsistent) <= 0,
            !isStopping.load(ordering: .sequentiallyConsistent)
        {
            wake.wait()
        }
        sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        wake.unlock()
    }

    private func wakeHelpers() {
        wake.lock()
        wake.broadcast()
        wake.unlock()
    }
}
