import Tensors

/// What rounding an expert's two matrices passes on from input to input, found from rows that it was sent.
struct ExpertCalibration {
    /// nil to round each weight by itself.
    var inner: ErrorFactor?
    var output: ErrorFactor?

    /// Rounds every weight by itself.
    static let none = ExpertCalibration()

    /// What rows of the whole layer weigh together, in rows of an expert's own: with few of its own the products of inputs
    /// have no inverse, and what other experts were sent is better than nothing.
    static let layerWeight: Float = 32
    /// Of the mean product of an input with itself: with less, few rows are taken for more than they are.
    static let damping: Float = 0.1

    private init() {}

    /// - Parameters:
    ///   - inner: the first matrix, in Float32.
    ///   - rows: what the expert was sent; one that was sent nothing is rounded weight by weight.
    ///   - sample: some rows of the whole layer, which the expert is run on, too.
    ///   - columnFactors: that columns of the second matrix are multiplied by.
    init(
        _ feedForward: (kind: FeedForwardKind, inner: PackedMatrix, width: Int),
        rows: Matrix,
        sample: Matrix,
        columnFactors: [Float],
        on workers: Workers
    ) {
        let (first, second) = (InputProducts(inputs: rows.columns), InputProducts(inputs: feedForward.width))
        for (rows, weight) in [(rows, 1), (sample, Self.layerWeight / Float(max(sample.rows, 1)))] {
            first.add(rows, weight: weight)
            let units = feedForward.kind.units(of: feedForward.inner, on: rows, workers)
            second.add(units, weight: weight)
        }
        inner = first.errorFactor(damping: Self.damping)
        output = second.errorFactor(columnFactors: columnFactors, damping: Self.damping)
    }
}

extension FeedForwardKind {
    /// What the second product of a feed-forward layer is given, in Float32: the first columns of `[rows, outputs of wi]`.
    fileprivate func units(of inner: PackedMatrix, on rows: Matrix, _ workers: Workers) -> Matrix {
        let input = ProductInput()
        input.load(rows, as: .float32, on: workers)
        let units = Matrix(rows: rows.rows, columns: inner.outputs)
        workers.run(Product(inner, input, into: units))
        input.load(activation, of: units, isGated: isGated, as: .float32, on: workers)
        return units
    }
}
