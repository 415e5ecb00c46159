import Tensors

/// What one thread of a rank does for experts: it sends the rows of its own part to their owners, and runs the experts that
/// are here over the parts that the other ranks have in the same lane.
///
/// Products keep the shapes they have in one process: an expert runs over each part by itself, and has a buffer of gradients
/// for each.
///
/// Used by one thread at a time: its own, or the one that exchanges messages for all while they wait.
final class ExpertLane {
    private unowned let exchange: ExpertExchange
    private let rank: Int
    /// Of the parts in this lane, by rank; that of this rank runs here.
    let passes: [Pass]
    /// By rank: what goes there, and what came back of it, in the same order.
    private(set) var sent: [[ExpertCall.Run]]
    var returned: [[FloatRows]]
    /// By rank: what came from there, and what the experts here made of it, in the same order.
    var hosted: [[ExpertCall.Run]]
    private(set) var results: [[FloatRows]]
    /// What the experts here keep of others' rows for the way back, by layer, rank and expert.
    private var kept: [[[Int: DenseFeedForwardLayer.Kept]]] = []

    init(_ exchange: ExpertExchange, rank: Int, _ passes: [Pass]) {
        (self.exchange, self.rank, self.passes) = (exchange, rank, passes)
        sent = Array(repeating: [], count: passes.count)
        returned = Array(repeating: [], count: passes.count)
        (hosted, results) = (sent, returned)
    }

    /// Where rows of a rank are put.
    func arena(of other: Int) -> FloatArena { passes[other].arena }

    /// Where rows of the other ranks are put.
    var otherArenas: [FloatArena] { passes.indices.filter { $0 != rank }.map { passes[$0].arena } }

    /// Begins a batch: nothing that was kept of the last one is valid.
    func begin() {
        for (other, pass) in passes.enumerated() where other != rank { pass.begin(Noise(seed: 0)) }
        kept = exchange.layers.map { _ in passes.map { _ in [:] } }
    }

    func forward(_ experts: ExpertLayers, _ rows: [FloatRows?], keys: [UInt64]) -> [ExpertLayers.Work?] {
        var works: [ExpertLayers.Work?] = rows.map { _ in nil }
        let layer = experts.layer
        let outputs = travel(.forward, layer, rows, keys) { expert, rows in
            let work = experts.run(expert, rows, key: keys[expert], passes[rank])
            works[expert] = work
            return work.output
        } ofOthers: { other, run in
            let work = experts.run(run.expert, run.rows, key: run.key, passes[other])
            kept[layer][other][run.expert] = work.kept
            return work.output
        }
        return zip(works, outputs).map { work, output in
            work ?? output.map { ExpertLayers.Work(output: $0, kept: nil) }
        }
    }

    func backward(
        _ experts: ExpertLayers,
        _ gradients: [FloatRows?],
        _ works: [ExpertLayers.Work?]
    ) -> [FloatRows?] {
        let layer = experts.layer
        return travel(.back, layer, gradients, gradients.map { _ in 0 }) { expert, gradient in
            works[expert]?.kept.map { experts.runBack(expert, gradient, $0, passes[rank]) }
        } ofOthers: { other, run in
            kept[layer][other][run.expert].map { experts.runBack(run.expert, run.rows, $0, passes[other]) }
        }
    }

    /// Whether a run on its way back is of rows that came this way.
    func knows(_ run: ExpertCall.Run, of other: Int, layer: Int) -> Bool {
        kept[layer][other][run.expert]?.rows == run.rows.rows
    }

    /// Runs experts for the other ranks while the part of this thread is empty.
    ///
    /// - Parameter recomputes: on the way back each layer runs forward once more before.
    func sitOut(_ way: ExpertCall.Way, recomputes: Bool) {
        let none: [FloatRows?] = Array(repeating: nil, count: exchange.bounds.experts)
        for experts in way == .forward ? exchange.layers : exchange.layers.reversed() {
            if way == .forward || recomputes { _ = forward(experts, none, keys: none.map { _ in 0 }) }
            if way == .back { _ = backward(experts, none, none.map { _ in nil }) }
        }
    }

    /// Has each expert's rows run where the expert is; what a rank is silent about is nil.
    private func travel(
        _ way: ExpertCall.Way,
        _ layer: Int,
        _ rows: [FloatRows?],
        _ keys: [UInt64],
        ofOwn: (_ expert: Int, _ rows: FloatRows) -> FloatRows?,
        ofOthers: (_ rank: Int, _ run: ExpertCall.Run) -> FloatRows?
    ) -> [FloatRows?] {
        load(rows, keys)
        exchange.dispatch(way, layer)
        var outputs: [FloatRows?] = rows.map { _ in nil }
        for run in sent[rank] { outputs[run.expert] = ofOwn(run.expert, run.rows) }
        exchange.takeCalls(way, layer)
        for other in hosted.indices { results[other] = hosted[other].compactMap { ofOthers(other, $0) } }
        exchange.answer()
        for other in sent.indices {
            for (run, output) in zip(sent[other], returned[other]) { outputs[run.expert] = output }
        }
        return outputs
    }

    private func load(_ rows: [FloatRows?], _ keys: [UInt64]) {
        for other in sent.indices {
            sent[other].removeAll(keepingCapacity: true)
            returned[other].removeAll(keepingCapacity: true)
            hosted[other].removeAll(keepingCapacity: true)
        }
        for (expert, rows) in rows.enumerated() {
            guard let rows else { continue }
            sent[exchange.owner(of: expert)].append(ExpertCall.Run(expert: expert, key: keys[expert], rows: rows))
        }
    }
}
