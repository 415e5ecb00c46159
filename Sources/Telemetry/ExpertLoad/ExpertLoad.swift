import Synchronization

/// The load of every expert since start and over a sliding window of five minutes.
package final class ExpertLoad: Sendable {
    /// A sparse layer: its stack, its block index, and how many experts it has.
    package struct Layer: Hashable, Sendable {
        package let stack: ModelStack
        /// Its place among the blocks of its stack, from 0.
        package let block: Int
        /// As many entries have the arrays of every load recorded for the layer.
        package let experts: Int

        package init(stack: ModelStack, block: Int, experts: Int) {
            self.stack = stack
            self.block = block
            self.experts = experts
        }
    }

    /// What one layer has done.
    package struct Totals: Sendable {
        package var load: LayerLoad
        /// Forward passes that were recorded.
        package var passes = 0
        /// Sum over passes of the busiest expert's tokens.
        package var busiestTokens = 0
        /// Sum over passes of the experts that had any tokens.
        package var activeExperts = 0
    }

    private struct Slot {
        var period = -1
        var loads: [LayerLoad]
    }

    private struct State {
        var totals: [Totals]
        var slots: [Slot]
    }

    /// Seconds the window covers, to within one slot.
    package static let windowSeconds = slotSeconds * slotCount
    private static let slotSeconds = 10
    private static let slotCount = 30

    package let layers: [Layer]
    private let state: Mutex<State>
    private let imbalance: [Histogram]
    private let start: ContinuousClock.Instant
    private let now: @Sendable () -> ContinuousClock.Instant

    private static let imbalanceBuckets: [Double] = [1, 1.25, 1.5, 2, 3, 4, 6, 8, 16, 32, 64, 128]

    /// - Parameter now: the clock the window slides by.
    package init(layers: [Layer], now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.layers = layers
        self.now = now
        start = now()
        let empty = layers.map { LayerLoad(experts: $0.experts) }
        imbalance = layers.map { _ in Histogram(buckets: Self.imbalanceBuckets) }
        state = Mutex(
            State(
                totals: empty.map { Totals(load: $0) },
                slots: Array(repeating: Slot(loads: empty), count: Self.slotCount)
            )
        )
    }

    /// Adds one forward pass of the layer `layers[layer]`.
    package func record(_ load: LayerLoad, layer: Int) {
        let period = period
        let total = load.tokens.reduce(0, +)
        state.withLock { state in
            state.totals[layer].load.add(load)
            state.totals[layer].passes += 1
            state.totals[layer].busiestTokens += load.tokens.max() ?? 0
            state.totals[layer].activeExperts += load.tokens.count { $0 > 0 }
            let slot = period % Self.slotCount
            if state.slots[slot].period != period {
                state.slots[slot] = Slot(period: period, loads: layers.map { LayerLoad(experts: $0.experts) })
            }
            state.slots[slot].loads[layer].add(load)
        }
        // A pass of a few tokens is always uneven; only larger ones say something.
        if total >= 2 * load.tokens.count, let ratio = load.imbalance { imbalance[layer].observe(ratio) }
    }

    /// Since start, one entry per layer.
    package var totals: [Totals] { state.withLock { $0.totals } }

    /// Over the last five minutes, one entry per layer.
    package var window: [LayerLoad] {
        let oldest = period - Self.slotCount + 1
        return state.withLock { state in
            layers.indices.map { layer in
                var sum = LayerLoad(experts: layers[layer].experts)
                for slot in state.slots where slot.period >= max(oldest, 0) { sum.add(slot.loads[layer]) }
                return sum
            }
        }
    }

    /// Ratios of the busiest expert to the mean, over passes large enough to tell.
    func imbalances(layer: Int) -> Histogram { imbalance[layer] }

    private var period: Int {
        Int((now() - start) / .seconds(Self.slotSeconds))
    }
}
