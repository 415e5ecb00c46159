import SwitchModel
import Tensors

/// A router and its experts: each row is the sum of what its experts make of it, scaled by their gates.
///
/// Source: Fedus and others 2021, §2. A row that found its expert full gets nothing.
struct SparseFeedForwardLayer {
    private let router: Parameter  // [experts, model]
    private let experts: [DenseFeedForwardLayer]
    private let shape: ModelShape
    private let stack: SwitchConfiguration.Stack
    private let block: Int

    struct Kept {
        fileprivate var routerInput: FloatRows
        fileprivate var jitterKey: UInt64
        fileprivate var logits: FloatRows
        fileprivate var probabilities: FloatRows
        fileprivate var assignment: ExpertAssignment
        fileprivate var outputs: FloatRows
        fileprivate var experts: [DenseFeedForwardLayer.Kept?]
    }

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        block: Int,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        let configuration = shape.configuration
        router = layout.add(
            scope + ".router.classifier.weight",
            [configuration.experts, configuration.modelWidth],
            .router,
            deviation: shape.initialization.router / Float(configuration.modelWidth).squareRoot()
        )
        var experts: [DenseFeedForwardLayer] = []
        for expert in 0..<configuration.experts {
            experts.append(DenseFeedForwardLayer(scope + ".experts.expert_\(expert)", &layout, shape))
        }
        (self.experts, self.shape, self.stack, self.block) = (experts, shape, stack, block)
    }

    /// - Parameters:
    ///   - input: normalized, `[rows, model]`.
    ///   - sequences: where each sequence's rows are.
    func forward(
        _ input: FloatRows,
        _ sequences: [Range<Int>],
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept) {
        var kept = route(input, sequences, pass)
        let assignment = kept.assignment
        let output = pass.arena.zeros(input.rows, input.columns)
        for (expert, segment) in assignment.segments.enumerated() {
            guard !segment.isEmpty else {
                kept.experts.append(nil)
                continue
            }
            let rows = pass.arena.rows(segment.count, input.columns)
            for (place, entry) in assignment.entries[segment].enumerated() {
                rows[rows: place..<place + 1].copy(input[rows: entry.row..<entry.row + 1])
            }
            let (result, hidden) = experts[expert].forward(rows, dropout: pass.regularization.expertDropout, pass)
            kept.experts.append(hidden)
            kept.outputs[rows: segment].copy(result)
            for (place, entry) in assignment.entries[segment].enumerated() {
                output.addRow(entry.row, result, row: place, scale: entry.gate)
            }
        }
        return (output, kept)
    }

    private func route(_ input: FloatRows, _ sequences: [Range<Int>], _ pass: Pass) -> Kept {
        let key = pass.noise.next()
        let routerInput = pass.regularization.jitter > 0 ? pass.arena.copy(input) : input
        routerInput.jitter(range: pass.regularization.jitter, key: key)
        let logits = Weight(router).apply(routerInput, pass)
        let probabilities = pass.arena.copy(logits)
        probabilities.softmax()
        let assignment = self.assignment(probabilities, sequences)
        let loss = RouterLoss(logits: logits, probabilities: probabilities, wanted: assignment.wanted)
        pass.record(LayerRouting(stack: stack, block: block, assignment), loss)
        return Kept(
            routerInput: routerInput,
            jitterKey: key,
            logits: logits,
            probabilities: probabilities,
            assignment: assignment,
            outputs: pass.arena.rows(assignment.entries.count, input.columns),
            experts: []
        )
    }

    private func assignment(_ probabilities: FloatRows, _ sequences: [Range<Int>]) -> ExpertAssignment {
        switch shape.capacity {
        case .perSequence:
            let capacity = shape.configuration.expertCapacity
            return ExpertAssignment(probabilities, choices: shape.choices, groups: sequences) { _ in capacity }
        case .factor(let factor):
            let groups = [0..<probabilities.rows]
            let experts = Double(probabilities.columns)
            return ExpertAssignment(probabilities, choices: shape.choices, groups: groups) { [shape] group in
                Int((factor * Double(group.count * shape.choices) / experts).rounded(.up))
            }
        }
    }

    /// Returns the gradient of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, _ pass: Pass) -> FloatRows {
        let assignment = kept.assignment
        let inputGradient = pass.arena.zeros(gradient.rows, gradient.columns)
        var gateGradients: [Float] = []
        gateGradients.reserveCapacity(assignment.entries.count)
        for (expert, segment) in assignment.segments.enumerated() {
            guard let hidden = kept.experts[expert] else { continue }
            let rows = pass.arena.zeros(segment.count, gradient.columns)
            for (place, entry) in assignment.entries[segment].enumerated() {
                gateGradients.append(gradient.dot(row: entry.row, kept.outputs, row: segment.lowerBound + place))
                rows.addRow(place, gradient, row: entry.row, scale: entry.gate)
            }
            let dropout = pass.regularization.expertDropout
            let result = experts[expert].backward(rows, hidden, dropout: dropout, pass)
            for (place, entry) in assignment.entries[segment].enumerated() {
                inputGradient.addRow(entry.row, result, row: place, scale: 1)
            }
        }
        let routerGradient = self.routerGradient(gateGradients, kept, pass)
        Weight(router).addGradient(routerGradient, input: kept.routerInput, pass)
        let jittered = Weight(router).inputGradient(routerGradient, pass)
        jittered.jitter(range: pass.regularization.jitter, key: kept.jitterKey)
        inputGradient.add(jittered)
        return inputGradient
    }

    /// The gradient of the router's logits: through the gates, the balance loss and the z-loss.
    private func routerGradient(_ gateGradients: [Float], _ kept: Kept, _ pass: Pass) -> FloatRows {
        let probabilities = kept.probabilities
        let gradient = pass.arena.zeros(probabilities.rows, probabilities.columns)
        kept.assignment.addGateGradients(gateGradients, probabilities, to: gradient)
        let rows = Double(max(probabilities.rows, 1))
        // Of the shares of rows there is no gradient; the mean probabilities have one over the number of rows.
        let balance = Double(pass.regularization.balance) * pass.routerLossShare * Double(probabilities.columns)
        for (expert, wanted) in kept.assignment.wanted.enumerated() {
            let each = Float(balance * Double(wanted) / rows / rows)
            for row in 0..<probabilities.rows { gradient[row, expert] += each }
        }
        gradient.softmaxGradient(probabilities)
        let z = 2 * Double(pass.regularization.routerZ) * pass.routerLossShare / rows
        guard z > 0 else { return gradient }
        for row in 0..<probabilities.rows {
            let scale = Float(z * Double(kept.logits.logSum(row: row)))
            gradient.addRow(row, probabilities, row: row, scale: scale)
        }
        return gradient
    }
}
