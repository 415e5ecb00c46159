import CKernels

/// The activation between the two products of a feed-forward layer.
package enum Activation: String, CaseIterable, Equatable, Sendable {
    case relu
    /// x · Φ(x), by the error function.
    case gelu
    /// Its approximation by tanh (Hendrycks and Gimpel, 2016).
    case geluTanh
    /// x · σ(x).
    case silu

    var element: ck_activation {
        switch self {
        case .relu: CK_RELU
        case .gelu: CK_GELU
        case .geluTanh: CK_GELU_TANH
        case .silu: CK_SILU
        }
    }
}
