import Ranks
import Tensors

/// One slot: calls out, calls in, products, answers out, answers in.
extension ExpertSpread {
    /// Computes `order`, of one sparse layer, for the rows of `workspace.input`, here and at other ranks; and for these what
    /// they call for.
    func run(_ layer: Int, _ order: ExpertOrder, _ workspace: Workspace, into outputs: ExpertOutputs) {
        guard fault == nil else { return }
        let asked = ContinuousClock.now
        placement.divide(order, layer, for: ranks.rank, into: &parts)
        let firstRow = workspace.input.rows
        call(layer, order, workspace.input)
        let called = ContinuousClock.now
        takeCalls(into: workspace.input)
        let taken = ContinuousClock.now
        compute(layer, order, behind: firstRow, workspace, outputs)
        answer()
        let answered = ContinuousClock.now
        takeAnswers(into: outputs, workspace)
        finishSlot(sending: asked, waiting: (taken - called) + (ContinuousClock.now - answered))
    }

    /// A slot in which this rank calls for nothing.
    func serve(_ workspace: Workspace) {
        workspace.input.begin(columns: bounds.columns, as: bounds.precision)
        workspace.choiceOutput.resize(rows: 0, columns: bounds.columns)
        run(0, ExpertOrder(), workspace, into: ExpertOutputs(target: workspace.choiceOutput, gates: []))
    }

    /// Lets messages move on that are too large to be sent at once: nobody else does.
    func progress() {
        for rank in places.indices where !places[rank].isEmpty {
            attempt { () throws(RanksError) in _ = try ranks.isSent(to: rank) }
        }
    }

    /// Whether a rank runs a model, and so calls others.
    private func isRunner(_ rank: Int) -> Bool { runners == .all || rank == 0 }

    private func call(_ layer: Int, _ order: ExpertOrder, _ input: ProductInput) {
        for rank in places.indices where rank != ranks.rank {
            places[rank].removeAll(keepingCapacity: true)
            let own = parts.of(rank)
            guard isRunner(ranks.rank), runners == .all || !own.isEmpty || word.isLeaving else { continue }
            attempt { () throws(RanksError) in
                try ranks.finishSending(to: rank, patience)
                ExpertCall.write(word, layer: layer, order, own, input, to: calls[rank], places: &places[rank])
                try ranks.beginSend(calls[rank], to: rank)
            }
        }
    }

    private func takeCalls(into input: ProductInput) {
        received.removeAll()
        // A rank that only serves has all the time until it is called.
        let patience = isRunner(ranks.rank) ? patience : RankPatience(timeout: nil)
        for rank in places.indices where rank != ranks.rank && isRunner(rank) {
            attempt { () throws(RanksError) in
                if !isIn[rank] { try ranks.awaitMessage(into: inbound[rank], from: rank, patience) }
                isIn[rank] = false
                words[rank] = try received.read(inbound[rank], from: rank, bounds, into: input) { isHere($0, $1) }
            }
        }
        words[ranks.rank] = word
        turn.called(words)
    }

    /// The rows of all ranks that go to one expert in one product.
    private func compute(
        _ layer: Int,
        _ order: ExpertOrder,
        behind firstRow: Int,
        _ workspace: Workspace,
        _ outputs: ExpertOutputs
    ) {
        guard fault == nil else { return }
        self.outputs.resize(rows: received.rows, columns: bounds.columns)
        var outputs = outputs
        outputs.answers = (self.outputs, Int(order.choices))
        for each in layers.indices {
            merged.removeAll(keepingCapacity: true)
            for part in parts where each == layer && part.rank == ranks.rank {
                merged.append(ExpertOrder.Part(expert: part.expert, .places(part.rows)))
            }
            for run in received.runs where run.layer == each {
                let rows = firstRow + run.rows.lowerBound..<firstRow + run.rows.upperBound
                merged.append(ExpertOrder.Part(expert: run.expert, .rows(rows)))
            }
            guard !merged.isEmpty else { continue }
            mergedOrder.fill(merged, of: order, experts: bounds.experts)
            layers[each].run(mergedOrder, workspace, into: outputs, during: self)
        }
    }

    private func answer() {
        for rank in places.indices {
            let rows = received.rows(of: rank)
            guard !rows.isEmpty else { continue }
            attempt { () throws(RanksError) in
                try ranks.finishSending(to: rank, patience)
                let message = answers[rank]
                message.removeAll()
                outputs.withBytes(ofRows: rows) { bytes in
                    message.append(bytes: bytes.count) { $0.copyMemory(from: bytes) }
                }
                try ranks.beginSend(message, to: rank)
            }
        }
    }

    private func takeAnswers(into outputs: ExpertOutputs, _ workspace: Workspace) {
        let rowBytes = bounds.columns * MemoryLayout<Float>.size
        for rank in places.indices where !places[rank].isEmpty {
            let expected = places[rank].count * rowBytes
            attempt { () throws(RanksError) in
                try ranks.awaitMessage(into: inbound[rank], from: rank, patience)
                guard inbound[rank].count == expected else {
                    let reason = "an answer of \(inbound[rank].count) bytes, expected \(expected)"
                    throw .malformed(rank: rank, reason: reason)
                }
                returned.resize(rows: places[rank].count, columns: bounds.columns)
                returned.set(bytes: inbound[rank].bytes)
                outputs.take(returned, at: places[rank], on: workspace.workers)
            }
        }
    }

    private func finishSlot(sending asked: ContinuousClock.Instant, waiting: Duration) {
        let seconds = (ContinuousClock.now - asked) / .seconds(1)
        var (remote, bytes, local) = (0, 0, 0)
        for rank in places.indices where !places[rank].isEmpty {
            remote += places[rank].count
            bytes += calls[rank].count
        }
        for part in parts where part.rank == ranks.rank { local += part.rows.count }
        count { counts in
            counts.slots += 1
            counts.localRows += local
            counts.servedRows += received.rows
            guard remote > 0 else { return }
            counts.exchanges += 1
            counts.remoteRows += remote
            counts.sentBytes += bytes
            counts.exchangeSeconds += seconds
            counts.waitSeconds += waiting / .seconds(1)
        }
    }
}
