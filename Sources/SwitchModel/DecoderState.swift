import Tensors

/// The caches of one request: what its beams or samples share and what tells them apart.
///
/// A slot's history is a list of rows of the pool, so that reordering beams moves row numbers and copies no key or
/// value. Owned by the request, used by the thread that owns the model; gives its rows back when it goes.
package final class DecoderState {
    private let pool: KeyValuePool
    private let prompt: RowList
    private var histories: [RowList]
    /// What `reorder` writes to before it becomes the histories.
    private var spare: [RowList]
    private var blocks: [Int32] = []
    /// Rows of the newest block that are taken.
    private var taken = KeyValuePool.blockRows
    private var read: (hidden: Matrix, count: Int)?
    /// Where slot 0's attention to the prompt is kept; nil when nobody asked.
    package let crossAttention: CrossAttentionLog?

    /// - Parameters:
    ///   - prompt: its number of tokens; their rows are taken at once, those of histories as they grow.
    ///   - capacity: positions each of `slots` histories may reach.
    ///   - crossAttention: takes in what slot 0 attends to of the prompt.
    init(
        pool: KeyValuePool,
        prompt tokens: Int,
        slots: Int,
        capacity: Int,
        crossAttention: CrossAttentionLog? = nil
    ) {
        self.pool = pool
        self.crossAttention = crossAttention
        prompt = RowList(capacity: tokens)
        histories = (0..<slots).map { _ in RowList(capacity: capacity) }
        spare = slots == 1 ? [] : (0..<slots).map { _ in RowList(capacity: capacity) }
        let most = (tokens + slots * capacity) / KeyValuePool.blockRows + 2
        blocks.reserveCapacity(most)
        for _ in 0..<tokens { prompt.append(takeRow()) }
        // The rest of the block goes to waste, so that what a request may take can be told before it runs.
        taken = KeyValuePool.blockRows
    }

    deinit { pool.giveBack(blocks) }

    /// Where keys and values of the prompt's tokens are.
    var promptRows: RowListView { prompt.view }

    func promptRow(_ token: Int) -> Int32 { prompt[token] }

    /// Where keys and values of a slot's history are.
    func rows(ofSlot slot: Int) -> RowListView { histories[slot].view }

    /// Makes room for one more token in a slot; returns its row.
    ///
    /// - Precondition: fewer than the capacity's positions are taken.
    func extend(slot: Int) -> Int32 {
        let row = takeRow()
        histories[slot].append(row)
        return row
    }

    /// Keeps what the scores of the last tokens read are made of: `hidden`, `[tokens, model]`, after the final norm.
    ///
    /// - Parameter count: tokens read, all of them in slot 0.
    func keep(_ hidden: Matrix, read count: Int) { read = (hidden, count) }

    /// The row of a token that was read, by its position among them.
    ///
    /// - Precondition: it was kept and not forgotten.
    func read(_ position: Int) -> (hidden: Matrix, row: Int) {
        guard let (hidden, count) = read, position < count, position >= count - hidden.rows else {
            preconditionFailure("no scores of position \(position) were kept")
        }
        return (hidden, position - (count - hidden.rows))
    }

    func forgetRead() { read = nil }

    /// Slot `i` continues the history of slot `parents[i]`; one parent may have several slots, or none.
    ///
    /// No key or value is copied.
    package func reorder(parents: [Int]) {
        guard parents.enumerated().contains(where: { $0 != $1 }) else { return }
        for (slot, parent) in parents.enumerated() { spare[slot].copy(histories[parent]) }
        swap(&histories, &spare)
    }

    private func takeRow() -> Int32 {
        if taken == KeyValuePool.blockRows {
            blocks.append(pool.takeBlock())
            taken = 0
        }
        defer { taken += 1 }
        return blocks[blocks.count - 1] + Int32(taken)
    }
}

/// The tokens of one decoder pass: the newest of some slots of several requests, or the first ones of slots.
struct DecoderRows {
    private(set) var tokens: [Int32] = []
    /// What each attends to: its own history, the newest token included, and its prompt.
    private(set) var histories: [RowListView] = []
    private(set) var prompts: [RowListView] = []
    /// Where its keys and values go.
    private(set) var newest: [Int32] = []
    /// Rows whose attention to their prompt is kept, and where.
    private(set) var watched: [(row: Int, log: CrossAttentionLog)] = []

    mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        histories.removeAll(keepingCapacity: true)
        prompts.removeAll(keepingCapacity: true)
        newest.removeAll(keepingCapacity: true)
        watched.removeAll(keepingCapacity: true)
    }

    /// Adds tokens that a slot reads one after the other; returns their rows.
    mutating func append(_ sequence: [Int32], _ state: DecoderState, slot: Int) -> Range<Int> {
        let first = tokens.count
        for token in sequence { append(token, state, slot: slot) }
        return first..<tokens.count
    }

    mutating func append(_ token: Int32, _ state: DecoderState, slot: Int) {
        if slot == 0, let log = state.crossAttention { watched.append((tokens.count, log)) }
        tokens.append(token)
        newest.append(state.extend(slot: slot))
        histories.append(state.rows(ofSlot: slot))
        prompts.append(state.promptRows)
    }
}
