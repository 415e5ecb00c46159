import CKernels

/// What the weights of linear layers are held in, and what their inputs are rounded to.
///
/// Sums are Float32, or whole numbers at int8 and int4; router, norms, biases and softmax are always Float32.
package enum WeightPrecision: String, CaseIterable, Sendable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    /// One scale for each output of a weight and for each row of an input.
    case int8
    /// Four bits, a whole multiplier and a whole offset for each run of 32 inputs of an output, one scale for each output
    /// and for each row of an input. The head is int8.
    case int4

    /// bfloat16 where kernels run on the best instructions of a processor that has some for it, else Float32.
    package static var automatic: WeightPrecision { InstructionSet.isBestWithBFloat16 ? .bfloat16 : .float32 }

    /// 4, 2, 1 or 0.5625; without the scale that int8 and int4 add to each output.
    package var bytesPerWeight: Double {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .int8: 1
        case .int4: 0.5625
        }
    }

    /// Whether values share a scale, so that large ones cost small ones their digits.
    package var sharesScales: Bool { self == .int8 || self == .int4 }

    /// Of the head: its errors go straight into the scores, and four bits there cost more than in all other layers.
    package var head: WeightPrecision { self == .int4 ? .int8 : self }

    var element: ck_element {
        switch self {
        case .float32: CK_F32
        case .bfloat16: CK_BF16
        case .int8: CK_INT8
        case .int4: CK_INT4
        }
    }

    /// Floats of a panel's weights, and of the scales and offsets of its outputs that follow them.
    func panelFloats(_ inputs: Int) -> (weights: Int, scales: Int) {
        let scales =
            switch self {
            case .float32, .bfloat16: 0
            case .int8: 2
            case .int4: 1
            }
        return (ck_panel_words(element, inputs), scales * Int(CK_PANEL))
    }
}
