import Tensors

/// The caches of one request: what its beams or samples share and what tells them apart.
///
/// A slot's history is a list of cache rows, so that reordering beams moves indices and copies no key or value. Owned by
/// the request, used by the thread that owns the model.
package final class DecoderState {
    /// By layer, `[prompt tokens, 2 · inner]`: keys and values of the encoded prompt.
    let crossCaches: [Matrix]
    /// By layer, `[capacity · slots, 2 · inner]`: position `p` of slot `s` is row `p · slots + s`.
    let selfCaches: [Matrix]
    /// Positions every live slot has read.
    private(set) var length = 0
    private let slots: Int
    private let capacity: Int
    private var histories: [[Int32]]

    init(crossCaches: [Matrix], slots: Int, capacity: Int) {
        self.crossCaches = crossCaches
        self.slots = slots
        self.capacity = capacity
        selfCaches = crossCaches.map { Matrix(rows: capacity * slots, columns: $0.columns) }
        histories = Array(repeating: [], count: slots)
    }

    /// The cache rows of a slot's history, oldest first.
    func history(ofSlot slot: Int) -> [Int32] { histories[slot] }

    /// Makes room for one more token in each of `slots`; returns its cache rows.
    ///
    /// - Precondition: fewer than `capacity` positions are taken.
    func extend(_ liveSlots: some Sequence<Int>) -> [Int] {
        precondition(length < capacity, "a request stepped past its \(capacity) positions")
        let rows = liveSlots.map { slot in
            let row = length * slots + slot
            histories[slot].append(Int32(row))
            return row
        }
        length += 1
        return rows
    }

    /// Slot `i` continues the history of slot `parents[i]`.
    package func reorder(parents: [Int]) {
        let old = histories
        for (slot, parent) in parents.enumerated() { histories[slot] = old[parent] }
    }
}

/// One row of a decoder step: the newest token of one slot of one request.
struct DecoderRow {
    let state: DecoderState
    let slot: Int
    let position: Int
    /// Where its keys and values go in the request's caches.
    let cacheRow: Int
}

extension SwitchConfiguration {
    /// Bytes of keys and values of one position in every decoder layer.
    package var cacheBytesPerPosition: Int {
        decoderLayers * 2 * heads * headWidth * MemoryLayout<Float>.size
    }
}
