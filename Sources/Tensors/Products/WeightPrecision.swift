import CKernels

/// What the weights of linear layers are held in, and what their inputs are rounded to.
///
/// Sums are Float32 whatever the precision; router, norms, biases and softmax are always Float32.
package enum WeightPrecision: String, CaseIterable, Sendable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    /// One scale for each output of a weight and for each row of an input.
    case int8

    /// bfloat16 where the processor multiplies it, else Float32.
    package static var automatic: WeightPrecision {
        InstructionSet.current == .avx512BF16 ? .bfloat16 : .float32
    }

    /// 4, 2 or 1; without the scale that int8 adds to each output.
    package var bytesPerWeight: Int {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        case .int8: 1
        }
    }

    /// Whether values share a scale, so that large ones cost small ones their digits.
    package var sharesScales: Bool { self == .int8 }

    var element: ck_element {
        switch self {
        case .float32: CK_F32
        case .bfloat16: CK_BF16
        case .int8: CK_INT8
        }
    }

    /// 4-byte groups that `inputs` elements fill.
    func groups(_ inputs: Int) -> Int { (inputs * bytesPerWeight + 3) / 4 }
}
