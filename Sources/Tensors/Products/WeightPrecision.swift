import CKernels

/// What the weights of linear layers are held in, and what their inputs are rounded to.
///
/// Sums are Float32, or whole numbers from int8 on; router, norms, biases and softmax are always Float32.
package enum WeightPrecision: String, CaseIterable, Sendable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    /// One scale for each output of a weight and for each row of an input.
    case int8
    /// Four bits, a whole multiplier and a whole offset for each run of 32 inputs of an output, one scale for each output
    /// and for each row of an input. The head is int8.
    case int4
    /// As int4, with fewer bits; inputs are rounded alike. For experts that would not fit otherwise: a product widens them to
    /// four bits first.
    case int3
    case int2

    /// bfloat16 where kernels run on the best instructions of a processor that has some for it, else Float32.
    package static var automatic: WeightPrecision { InstructionSet.isBestWithBFloat16 ? .bfloat16 : .float32 }

    /// From 4 to 0.3125; without the scale that int8 and what is below it add to each output.
    package var bytesPerWeight: Double {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .int8: 1
        case .int4: 0.5625
        case .int3: 0.4375
        case .int2: 0.3125
        }
    }

    /// Whether values share a scale, so that large ones cost small ones their digits.
    package var sharesScales: Bool { self != .float32 && self != .bfloat16 }

    /// Whether weights have a multiplier and an offset for each run of inputs: int4 and below.
    package var hasRuns: Bool { ck_has_runs(element) != 0 }

    /// Of the head: its errors go straight into the scores, and four bits there cost more than in all other layers.
    package var head: WeightPrecision { hasRuns ? .int8 : self }

    var element: ck_element {
        switch self {
        case .float32: CK_F32
        case .bfloat16: CK_BF16
        case .int8: CK_INT8
        case .int4: CK_INT4
        case .int3: CK_INT3
        case .int2: CK_INT2
        }
    }

    /// Of the inputs that weights are multiplied with.
    var inputElement: ck_element { hasRuns ? CK_INT4 : element }

    /// Floats of a panel's weights, and of the scales and offsets of its outputs that follow them.
    func panelFloats(_ inputs: Int) -> (weights: Int, scales: Int) {
        let scales =
            switch self {
            case .float32, .bfloat16: 0
            case .int8: 2
            case .int4, .int3, .int2: 1
            }
        return (ck_panel_words(element, inputs), scales * Int(CK_PANEL))
    }
}
