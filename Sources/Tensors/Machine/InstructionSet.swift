import CKernels

/// The instructions the kernels are written for, best last.
package enum InstructionSet: String, CaseIterable, Sendable {
    case plain
    case avx2
    case avx512
    case avx512VNNI = "avx512-vnni"
    case avx512BF16 = "avx512-bf16"

    /// What kernels run on now: the best of this processor until told otherwise.
    package static var current: InstructionSet {
        allCases.first { $0.kernelValue == ck_current_instruction_set() } ?? .plain
    }

    /// Makes every kernel run on these instructions, or on the best of this processor where it lacks them.
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
