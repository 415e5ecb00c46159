import SwitchModel
import Tensors

/// A router and its experts: each row is the sum of what its experts make of it, scaled by their gates.
///
/// Source: Fedus and others 2021, §2. A choice that found its expert full adds nothing.
struct SparseFeedForwardLayer {
    private let router: RouterLayer
    private let experts: [DenseFeedForwardLayer]

    struct Kept {
        fileprivate var router: RouterLayer.Kept
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
        router = RouterLayer(scope + ".router", in: stack, block: block, &layout, shape)
        var experts: [DenseFeedForwardLayer] = []
        for expert in 0..<shape.configuration.experts {
            experts.append(DenseFeedForwardLayer(scope + ".experts.expert_\(expert)", &layout, shape))
        }
        self.experts = experts
    }

    /// - Parameters:
    ///   - input: normalized, `[rows, model]`.
    ///   - sequences: where each sequence's rows are.
    func forward(
        _ input: FloatRows,
        _ sequences: [Range<Int>],
        _ pass: Pass
    ) -> (output: FloatRows, kept: Kept) {
        let routed = router.forward(input, sequences, pass)
        let assignment = routed.assignment
        let outputs = pass.arena.rows(assignment.entries.count, input.columns)
        var kept = Kept(router: routed, outputs: outputs, experts: [])
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
            outputs[rows: segment].copy(result)
            for (place, entry) in assignment.entries[segment].enumerated() {
                output.addRow(entry.row, result, row: place, scale: entry.gate)
            }
        }
        return (output, kept)
    }

    /// Returns the gradient of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, _ pass: Pass) -> FloatRows {
        let assignment = kept.router.assignment
        let inputGradient = pass.arena.zeros(gradient.rows, gradient.columns)
        // What was dropped has no gradient.
        var gateGradients: [Float] = Array(repeating: 0, count: assignment.gates.count)
        for (expert, segment) in assignment.segments.enumerated() {
            guard let hidden = kept.experts[expert] else { continue }
            let rows = pass.arena.zeros(segment.count, gradient.columns)
            for (place, entry) in assignment.entries[segment].enumerated() {
                let output = segment.lowerBound + place
                gateGradients[entry.place] = gradient.dot(row: entry.row, kept.outputs, row: output)
                rows.addRow(place, gradient, row: entry.row, scale: entry.gate)
            }
            let dropout = pass.regularization.expertDropout
            let result = experts[expert].backward(rows, hidden, dropout: dropout, pass)
            for (place, entry) in assignment.entries[segment].enumerated() {
                inputGradient.addRow(entry.row, result, row: place, scale: 1)
            }
        }
        inputGradient.add(router.backward(gateGradients, kept.router, pass))
        return inputGradient
    }
}
