import Tensors

/// Units of a feed-forward layer moved between its two products: through ReLU, or through the half of a gate that has no
/// activation.
struct FeedForwardBalance {
    let units: UnitScales
    private let isGated: Bool

    /// - Parameter output: the largest magnitude in every column of `wo`; nil to move none.
    init(_ kind: FeedForwardKind, output: [Float]?) {
        isGated = kind.isGated
        let canMove = kind.isGated || kind.activation == .relu
        units = canMove ? output.map { UnitScales(peaks: $0, group: $0.count) } ?? .none : .none
    }

    /// Of `wi`, or of `wi_0` and `wi_1`, of which the second has no activation.
    var inner: LinearScaling {
        let factors = units.unitFactors
        return LinearScaling(outputs: (isGated ? factors.map { _ in 1 } : []) + factors)
    }

    /// Of `wo`.
    var output: LinearScaling { LinearScaling(inputs: units.columnFactors) }
}
