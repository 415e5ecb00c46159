import CKernels
import Foundation
import Synchronization

/// The threads of one `Workers` and the region they work on.
///
/// Every thread has a run of tiles of its own, so that it reads memory in order, and takes from the others' once that
/// is used up. Between regions a helper spins briefly, then sleeps: a decoder step crosses dozens of regions, and waking
/// a thread costs more than most of them. The owner waits the same way for the last tiles: where another process has the
/// core of the thread that holds one, an owner that sleeps leaves that thread its own.
///
/// `@unchecked Sendable`: `job` is written by the owner before any `remaining` is stored with release order, and read
/// only by a thread that took a tile from one of them with acquire order; the owner does not touch `job` again before
/// every tile taken has been counted in `completed`.
final class Crew: @unchecked Sendable {
    /// A region's work by its address and type: nothing to allocate, and nothing to count references of.
    private struct Job {
        var tiles = 0
        var type: any RegionWork.Type = Idle.self
        var work: UnsafeRawPointer?

        func run(tile: Int, thread: Int) {
            if let work { type.run(at: work, tile: tile, thread: thread) }
        }
    }

    private struct Idle: RegionWork {
        func run(tile: Int, thread: Int) {}
    }

    /// Tiles of one thread not taken yet, on a cache line of its own; below 1 when there are none.
    private final class Share: Sendable {
        let remaining = Atomic<Int>(0)
        private let padding = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    }

    private var job = Job()
    private let shares: [Share]
    /// Counts regions, so that a helper notices a new one.
    private let region = Atomic<Int>(0)
    private let completed = Atomic<Int>(0)
    private let sleeping = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let wake = NSCondition()
    /// The owner sleeps until the last tile is done.
    private let isOwnerSleeping = Atomic<Bool>(false)
    private let done = NSCondition()

    /// Pauses a helper spins for before it sleeps: about 100 µs.
    private static let spins = 4000
    /// Pauses the owner spins for: about 50 µs, longer than nearly all tiles take.
    private static let ownerSpins = 2000

    init(threads: Int) {
        shares = (0..<threads).map { _ in Share() }
    }

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
    ///
    /// The work lives at its address until then.
    func run(_ tiles: Int, _ type: any RegionWork.Type, at work: UnsafeRawPointer) {
        job = Job(tiles: tiles, type: type, work: work)
        completed.store(0, ordering: .relaxed)
        for index in shares.indices {
            shares[index].remaining.store(end(of: index, tiles) - end(of: index - 1, tiles), ordering: .releasing)
        }
        region.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeHelpers() }
        takeTiles(as: 0)
        var spin = 0
        while completed.load(ordering: .acquiring) < tiles {
            spin += 1
            if spin < Self.ownerSpins { ck_pause() } else { sleep(untilDone: tiles) }
        }
    }

    /// Where the tiles of a thread end.
    private func end(of thread: Int, _ tiles: Int) -> Int { (thread + 1) * tiles / shares.count }

    private func takeTiles(as thread: Int) {
        for offset in shares.indices {
            let victim = (thread + offset) % shares.count
            while true {
                let left = shares[victim].remaining.wrappingSubtract(1, ordering: .acquiringAndReleasing).oldValue
                guard left > 0 else { break }
                let tiles = job.tiles
                job.run(tile: end(of: victim, tiles) - left, thread: thread)
                let done = completed.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
                if done == tiles, isOwnerSleeping.load(ordering: .sequentiallyConsistent) { wakeOwner() }
            }
        }
    }

    private func help(as thread: Int) {
        var seen = 0
        while !isStopping.load(ordering: .relaxed) {
            var spin = 0
            while region.load(ordering: .acquiring) == seen, !isStopping.load(ordering: .relaxed) {
                spin += 1
                if spin < Self.spins { ck_pause() } else { sleep(until: seen) }
            }
            seen = region.load(ordering: .acquiring)
            takeTiles(as: thread)
        }
    }

    /// Sleeps until there is another region than `seen`.
    private func sleep(until seen: Int) {
        wake.lock()
        sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while region.load(ordering: .sequentiallyConsistent) == seen,
            !isStopping.load(ordering: .sequentiallyConsistent)
        {
            wake.wait()
        }
        sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        wake.unlock()
    }

    private func sleep(untilDone tiles: Int) {
        done.lock()
        isOwnerSleeping.store(true, ordering: .sequentiallyConsistent)
        while completed.load(ordering: .sequentiallyConsistent) < tiles { done.wait() }
        isOwnerSleeping.store(false, ordering: .relaxed)
        done.unlock()
    }

    private func wakeOwner() {
        done.lock()
        done.signal()
        done.unlock()
    }

    private func wakeHelpers() {
        wake.lock()
        wake.broadcast()
        wake.unlock()
    }
}
