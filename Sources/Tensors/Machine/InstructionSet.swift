import CKernels

/// The instructions the kernels are written for, best last.
package enum InstructionSet: String, CaseIterable, Sendable {
    case plain
    case avx2
    case avx512
    case avx512VNNI = "avx512-vnni"
    case avx512BF16 = "avx512-bf16"

    /// What kernels run on now: the fastest of this processor until told otherwise.
    package static var current: InstructionSet {
        allCases.first { $0.kernelValue == ck_current_instruction_set() } ?? .plain
    }

    /// Whether these are the processor's best, or all it has, and it multiplies bfloat16, fast or slow.
    package static var isBestWithBFloat16: Bool {
        ck_has_bf16() != 0 && ck_current_instruction_set().rawValue >= ck_best_instruction_set().rawValue
    }

    /// Makes every kernel run on these instructions, or on the last that this processor has where it lacks them.
    ///
    /// Called before other threads use kernels.
    package func use() { ck_use_instruction_set(kernelValue) }

    private var kernelValue: ck_instruction_set {
        switch self {
        case .plain: CK_PLAIN
        case .avx2: CK_AVX2
        case .avx512: CK_AVX512
        case .avx512VNNI: CK_AVX512_VNNI
        case .avx512BF16: CK_AVX512_BF16
        }
    }
}
