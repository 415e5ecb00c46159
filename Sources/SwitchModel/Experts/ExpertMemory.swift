import Checkpoints
import Synchronization
import Tensors

/// Experts of all layers that are in memory now, least recently used first to go: at most a budget of bytes.
///
/// Owned by the thread that owns the model; only the counters are read by others.
///
/// `@unchecked Sendable`: everything but the counters is touched by that thread alone.
package final class ExpertMemory: @unchecked Sendable {
    /// What happened since start.
    package struct Counts: Sendable {
        /// Experts that a pass found in memory.
        package var hits = 0
        /// Experts that a pass had to bring in.
        package var misses = 0
        /// Of files, of all experts brought in.
        package var bytesRead = 0
        /// Time passes waited for experts to be brought in.
        package var loadSeconds = 0.0
        /// Packed experts in memory now.
        package var residentBytes = 0
    }

    /// A place for an expert, used for one after the other.
    private struct Slot {
        let room: DenseFeedForward
        var holds: Place
        var lastUsed: Int
    }

    /// An expert of the model.
    struct Place: Hashable {
        var layer: Int
        var expert: Int
    }

    private let budget: Int
    private var layers: [ExpertShelf] = []
    private var slots: [Slot] = []
    private var slotOf: [Place: Int] = [:]
    private var uses = 0
    private let shared = Mutex(Counts())
    /// Why an expert that was brought in is of no use; nil as long as none was found damaged.
    private(set) var fault: CheckpointError?

    /// - Parameter budget: bytes of packed experts kept; there is room for one expert however low it is.
    package init(budget: Int) { self.budget = budget }

    /// May be read on any thread.
    package var counts: Counts { shared.withLock { $0 } }

    /// Takes in the experts of one more layer; layers are asked in the order they are added.
    func add(_ experts: [DenseFeedForward.Source]) -> ExpertShelf {
        let shelf = ExpertShelf(memory: self, layer: layers.count, experts: experts)
        layers.append(shelf)
        return shelf
    }

    /// The layer that runs after `layer`.
    func shelf(after layer: Int) -> ExpertShelf { layers[(layer + 1) % layers.count] }

    /// How many experts there is room for.
    func capacity(_ expert: DenseFeedForward) -> Int { max(1, budget / expert.byteCount) }

    func isHere(_ place: Place) -> Bool { slotOf[place] != nil }

    /// An expert that is in memory; nil for one that has to be brought in.
    func expert(_ place: Place) -> DenseFeedForward? {
        guard let slot = slotOf[place] else { return nil }
        uses += 1
        slots[slot].lastUsed = uses
        shared.withLock { $0.hits += 1 }
        return slots[slot].room
    }

    /// Brings an expert in, in place of the one that was used longest ago.
    func bring(_ place: Place, _ source: DenseFeedForward.Source, on workers: Workers) -> DenseFeedForward {
        let start = ContinuousClock.now
        let slot = freeSlot(for: source)
        uses += 1
        slots[slot].holds = place
        slots[slot].lastUsed = uses
        slotOf[place] = slot
        source.fill(slots[slot].room, on: workers)
        fault = fault ?? source.problem
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let resident = slots.count * slots[slot].room.byteCount
        shared.withLock { counts in
            counts.misses += 1
            counts.bytesRead += source.storedBytes
            counts.loadSeconds += seconds
            counts.residentBytes = resident
        }
        return slots[slot].room
    }

    private func freeSlot(for source: DenseFeedForward.Source) -> Int {
        if let first = slots.first, slots.count == capacity(first.room) {
            let oldest = slots.indices.min { slots[$0].lastUsed < slots[$1].lastUsed } ?? 0
            slotOf[slots[oldest].holds] = nil
            return oldest
        }
        slots.append(Slot(room: source.makeRoom(), holds: Place(layer: -1, expert: -1), lastUsed: 0))
        return slots.count - 1
    }
}
