import SwitchModel
import Tensors

/// A router and its experts: each row is the sum of what its experts make of it, scaled by their gates.
///
/// Source: Fedus and others 2021, §2. A choice that found its expert full adds nothing.
struct SparseFeedForwardLayer {
    let experts: ExpertLayers
    private let router: RouterLayer

    struct Kept {
        fileprivate var router: RouterLayer.Kept
        /// By expert.
        fileprivate var works: [ExpertLayers.Work?]
    }

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        block: Int,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        router = RouterLayer(scope + ".router", in: stack, block: block, &layout, shape)
        let configuration = shape.configuration
        let isBehindEncoder = stack == .decoder && configuration.architecture == .encoderDecoder
        let before = isBehindEncoder ? configuration.sparseBlocks(in: .encoder).count : 0
        let own = configuration.sparseBlocks(in: stack).firstIndex(of: block) ?? 0
        experts = ExpertLayers(scope + ".experts", layer: before + own, &layout, shape)
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
        let rows = assignment.segments.map { segment -> FloatRows? in
            guard !segment.isEmpty else { return nil }
            let rows = pass.arena.rows(segment.count, input.columns)
            for (place, entry) in assignment.entries[segment].enumerated() {
                rows[rows: place..<place + 1].copy(input[rows: entry.row..<entry.row + 1])
            }
            return rows
        }
        let keys = rows.map { $0 == nil ? 0 : pass.noise.next() }
        let works = experts.forward(rows, keys: keys, pass)
        let output = pass.arena.zeros(input.rows, input.columns)
        for (segment, work) in zip(assignment.segments, works) {
            guard let work else { continue }
            for (place, entry) in assignment.entries[segment].enumerated() {
                output.addRow(entry.row, work.output, row: place, scale: entry.gate)
            }
        }
        return (output, Kept(router: routed, works: works))
    }

    /// Returns the gradient of the input.
    func backward(_ gradient: FloatRows, _ kept: Kept, _ pass: Pass) -> FloatRows {
        let assignment = kept.router.assignment
        // What was dropped has no gradient.
        var gateGradients: [Float] = Array(repeating: 0, count: assignment.gates.count)
        let gradients = zip(assignment.segments, kept.works).map { segment, work -> FloatRows? in
            guard let work else { return nil }
            let rows = pass.arena.zeros(segment.count, gradient.columns)
            for (place, entry) in assignment.entries[segment].enumerated() {
                gateGradients[entry.place] = gradient.dot(row: entry.row, work.output, row: place)
                rows.addRow(place, gradient, row: entry.row, scale: entry.gate)
            }
            return rows
        }
        let results = experts.backward(gradients, kept.works, pass)
        let inputGradient = pass.arena.zeros(gradient.rows, gradient.columns)
        for (segment, result) in zip(assignment.segments, results) {
            guard let result else { continue }
            for (place, entry) in assignment.entries[segment].enumerated() {
                inputGradient.addRow(entry.row, result, row: place, scale: 1)
            }
        }
        inputGradient.add(router.backward(gateGradients, kept.router, pass))
        return inputGradient
    }
}
