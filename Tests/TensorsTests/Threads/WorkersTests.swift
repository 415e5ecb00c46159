import Foundation
import Synchronization
import Testing

@testable import Tensors

@Suite struct WorkersTests {
    /// Processor time of the calling thread.
    private func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test(arguments: [1, 2, 3, 5]) func everyTileRunsOnce(threads: Int) {
        let workers = Workers(threads: threads)
        for tiles in [0, 1, 2, 3, 17, 400] {
            let counts = Mutex([Int](repeating: 0, count: tiles))
            workers.forEach(tiles) { tile, _ in counts.withLock { $0[tile] += 1 } }
            #expect(counts.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }

    /// A thread that lost its core holds a tile for long: the owner leaves its own core to others meanwhile.
    @Test func theOwnerSleepsWhileAnotherThreadHoldsTheLastTile() {
        let workers = Workers(threads: 2)
        let started = Atomic<Bool>(false)
        let heldByHelper = Atomic<Bool>(false)
        let before = processorTime()
        workers.forEach(2) { _, thread in
            if thread == 0 {
                while !started.load(ordering: .acquiring) { usleep(1000) }
            } else {
                started.store(true, ordering: .releasing)
                usleep(400_000)
                heldByHelper.store(true, ordering: .releasing)
            }
        }
        let wasHeld = heldByHelper.load(ordering: .acquiring)
        #expect(wasHeld)
        #expect(processorTime() - before < 0.2)
    }

    /// Regions one after another, whose last tiles end now before and now after the owner has gone to sleep.
    @Test func noRegionIsLeftAsleep() {
        let workers = Workers(threads: 3)
        let sum = Atomic<Int>(0)
        for region in 0..<3000 {
            workers.forEach(6) { tile, thread in
                if thread > 0, (region + tile) % 7 == 0 { usleep(UInt32(region % 90)) }
                sum.wrappingAdd(tile, ordering: .relaxed)
            }
        }
        let total = sum.load(ordering: .relaxed)
        #expect(total == 3000 * 15)
    }
}
