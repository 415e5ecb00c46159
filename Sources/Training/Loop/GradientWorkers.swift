package import Ranks
package import Tensors

/// Computes losses and gradients of batches, a part on each thread of each rank.
///
/// Every part has gradients and activations of its own; their sum is taken in the order of the parts, so that a batch has
/// the same gradients whichever thread finishes first, and whichever rank has which part. The number of parts does change
/// the last bits, and which rows share a capacity that is a factor.
package final class GradientWorkers {
    package let model: ModelLayers
    /// The parameters that passes read, `[layout.count]`: lent, and changed by their owner only between batches.
    package let values: FloatBuffer
    package let regularization: Regularization
    package let workers: Workers
    let team: RankTeam
    let share: ParameterShare
    /// Of all parts, those of rank 0 first: those of others are for the experts that are here.
    private let passes: [Pass]
    private let exchange: ExpertExchange?
    private let sums: (common: OrderedSum, experts: OrderedSum)

    /// Gives each part gradients of its own, `[layout.count]`, all 0, of which it uses what belongs to this rank.
    ///
    /// Sets OpenBLAS to one thread, for the whole process.
    ///
    /// - Parameters:
    ///   - workers: one for each part that this rank has.
    ///   - team: whose ranks all have as many.
    package convenience init(
        _ model: ModelLayers,
        values: FloatBuffer,
        _ regularization: Regularization,
        on workers: Workers,
        in team: RankTeam = RankTeam()
    ) {
        let passes = (0..<workers.threads * team.count).map { _ in
            Pass(values: values, gradients: FloatBuffer(count: model.layout.count), regularization)
        }
        self.init(model, values, regularization, workers, team, passes)
    }

    /// Only judges: knows no gradients, and nothing random.
    ///
    /// An expert takes what the model's shape says; `evaluate` has it take what it takes where the model is served.
    package convenience init(judging model: ModelLayers, values: FloatBuffer, on workers: Workers) {
        let passes = (0..<workers.threads).map { _ in Pass(values: values, gradients: FloatBuffer(count: 0), .none) }
        self.init(model, values, .none, workers, RankTeam(), passes)
    }

    private init(
        _ model: ModelLayers,
        _ values: FloatBuffer,
        _ regularization: Regularization,
        _ workers: Workers,
        _ team: RankTeam,
        _ passes: [Pass]
    ) {
        MatrixProducts.useOneThread()
        (self.model, self.values, self.regularization) = (model, values, regularization)
        (self.workers, self.team, self.passes) = (workers, team, passes)
        share = ParameterShare(model.layout, rank: team.rank, ranks: team.count)
        sums = (OrderedSum(share.common), OrderedSum(share.experts))
        let isSpread = !team.isAlone && !model.experts.isEmpty
        exchange = isSpread ? ExpertExchange(team, model, share, passes, lanes: workers.threads) : nil
        for (pass, lane) in zip(own, exchange?.lanes ?? []) { pass.lane = lane }
    }

    /// Judges with other weights, in the memory of `other`'s activations; knows no gradients.
    ///
    /// An expert takes what it takes where the model is served: so much of each sequence.
    convenience init(judging other: GradientWorkers, values: FloatBuffer) {
        let calm = other.regularization.withoutNoise
        let passes = other.passes.map {
            Pass(values: values, gradients: FloatBuffer(count: 0), arena: $0.arena, calm)
        }
        var shape = other.model.shape
        shape.capacity = .perSequence
        self.init(ModelLayers(shape), values, calm, other.workers, other.team, passes)
    }

    /// Those of the parts that this rank has.
    private var own: ArraySlice<Pass> {
        passes[team.rank * workers.threads..<(team.rank + 1) * workers.threads]
    }

    /// What the last batches' gradients add up to, `[layout.count]`, of the parameters that are at this rank; valid after
    /// `reduce` and until `clear`.
    package var gradients: FloatBuffer { own[own.startIndex].gradients }

    /// What became of one batch.
    package struct Outcome: Equatable, Sendable {
        /// Sums over the batch's labels; router losses are means over its parts, but for a balance loss over all of it.
        package var loss = LossSum()
        /// A sum over the batch for each sparse layer, the encoder's before the decoder's.
        package var routing: [LayerRouting] = []
    }

    /// Forgets the gradients of all parts.
    package func clear() {
        let parts = Array(own)
        workers.forEach(parts.count) { index, _ in
            for range in share.common { parts[index].gradients[range].clear() }
        }
        workers.forEach(passes.count) { index, _ in
            for range in share.experts { passes[index].gradients[range].clear() }
        }
    }

    /// Adds the gradients of a batch to what the workers hold.
    ///
    /// Called by one thread at a time, as is everything here.
    ///
    /// - Parameters:
    ///   - labels: those of all batches whose gradients are added up: each label's loss counts by one over it.
    ///   - noise: decides everything random.
    package func add(_ batch: [Example], labels: Int, _ noise: Noise) throws(RanksError) -> Outcome {
        let weight = 1 / Double(max(labels, 1))
        let batchShare = Double(batch.labelCount) * weight
        return try run(batch, noise, share: batchShare) { kept, pass in
            guard let kept else {
                pass.lane?.sitOut(.back, recomputes: self.model.shape.recomputes)
                return LossSum()
            }
            return self.model.addGradients(kept, weight: weight, pass)
        }
    }

    /// The loss of a batch, with everything random that there is in training, but without gradients.
    func loss(_ batch: [Example]) throws(RanksError) -> Outcome {
        try run(batch, Noise(seed: 0), share: 1) { kept, pass in
            kept.map { self.model.loss($0, pass) } ?? LossSum()
        }
    }

    /// Takes every part forward, and on.
    ///
    /// - Parameters:
    ///   - share: of the batch in all batches of a step.
    ///   - finish: is handed what went forward; nil for a part without examples.
    private func run(
        _ batch: [Example],
        _ noise: Noise,
        share: Double,
        _ finish: (ModelLayers.Kept?, Pass) -> LossSum
    ) throws(RanksError) -> Outcome {
        let parts = BatchParts(batch, count: passes.count, noise)
        let first = team.rank * workers.threads
        var losses = Array(repeating: LossSum(), count: workers.threads)
        var kept: [ModelLayers.Kept?] = losses.map { _ in nil }
        func forward(_ index: Int) -> ModelLayers.Kept? {
            let pass = passes[first + index]
            begin(pass, parts, first + index, share)
            let examples = parts.examples[first + index]
            guard examples.isEmpty else { return model.forward(examples, pass) }
            pass.lane?.sitOut(.forward, recomputes: false)
            return nil
        }
        switch regularization.balanceOver {
        case .part:
            forEachPart(&losses) { index in finish(forward(index), passes[first + index]) }
        case .batch:
            forEachPart(&kept) { index in forward(index) }
            let balance = try balanceSums()
            for pass in own { pass.widerBalance = Pass.Balance(share: share, sums: balance) }
            forEachPart(&losses) { index in finish(kept[index], passes[first + index]) }
        }
        return try outcome(losses, parts)
    }

    private func begin(_ pass: Pass, _ parts: BatchParts, _ part: Int, _ share: Double) {
        pass.begin(parts.noise[part])
        pass.lane?.begin()
        pass.routerLossShare = parts.shares[part] * share
    }

    /// Fills an element for each part of this rank, a part on each thread.
    private func forEachPart<Element>(_ elements: inout [Element], _ body: (Int) -> Element) {
        elements.withUnsafeMutableBufferPointer { elements in
            workers.forEach(elements.count) { index, _ in elements[index] = body(index) }
        }
    }

    /// Those of each router over all parts, in their order.
    private func balanceSums() throws(RanksError) -> [BalanceSums] {
        var parts: [[BalanceSums]] = []
        try team.gather { message in
            for pass in own { pass.balanceSums.write(to: message) }
        } _: { _, reader throws(RanksError) in
            for _ in 0..<workers.threads { parts.append(try [BalanceSums](&reader)) }
        }
        return BalanceSums.sum(parts.filter { !$0.isEmpty })
    }

    /// Adds up what became of all parts, in their order.
    private func outcome(_ losses: [LossSum], _ parts: BatchParts) throws(RanksError) -> Outcome {
        var (all, routing): ([LossSum], [[LayerRouting]]) = ([], [])
        try team.gather { message in
            for (loss, pass) in zip(losses, own) {
                loss.write(to: message)
                pass.routing.write(to: message)
            }
        } _: { _, reader throws(RanksError) in
            for _ in 0..<workers.threads {
                all.append(try LossSum(&reader))
                routing.append(try [LayerRouting](&reader))
            }
        }
        var outcome = Outcome()
        for (loss, share) in zip(all, parts.shares) {
            outcome.loss.add(loss)
            outcome.loss.router.add(loss.router, weight: share - 1)
        }
        if let balance = own.first?.widerBalance?.sums {
            outcome.loss.router.balance = balance.reduce(0) { $0 + regularization.balanceLoss.value($1) }
        }
        outcome.routing = LayerRouting.sum(routing.filter { !$0.isEmpty })
        return outcome
    }

    /// Adds the gradients of all parts up into those of the first that this rank has.
    package func reduce() throws(RanksError) {
        sums.experts.add(passes.map(\.gradients), on: workers)
        if team.isAlone {
            sums.common.add(passes.map(\.gradients), on: workers)
            return
        }
        try sums.common.add(own.map(\.gradients), over: team)
        guard !team.isFirst else { return }
        for range in share.experts { gradients[range].copy(passes[0].gradients[range]) }
    }
}
