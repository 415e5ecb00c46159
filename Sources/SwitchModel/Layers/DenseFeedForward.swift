import Checkpoints
import Tensors

/// `wo(activation(wi(x)))`: the feed-forward of a dense block, and each expert of a sparse one.
struct DenseFeedForward {
    let inner: PackedMatrix  // [feed-forward, model], twice as many outputs when gated
    let output: PackedMatrix  // [model, feed-forward]
    let kind: FeedForwardKind

    /// Where the weights of one lie.
    struct Source {
        private let inner: LinearSource
        private let output: LinearSource
        private let kind: FeedForwardKind
        private let width: Int

        init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
            let (model, width) = (context.configuration.modelWidth, context.configuration.feedForwardWidth)
            kind = context.configuration.feedForward
            self.width = width
            let precision = context.precision
            inner = try LinearSource(weights, kind.innerNames, outputs: width, inputs: model, precision)
            output = try LinearSource(weights, ["wo"], outputs: model, inputs: width, precision)
        }

        /// Why what `fill` read is of no use; nil as long as nothing was found damaged.
        var problem: CheckpointError? { inner.problem ?? output.problem }

        var storedBytes: Int { inner.storedBytes + output.storedBytes }

        var parameters: Int { inner.parameters + output.parameters }

        func makeRoom() -> DenseFeedForward {
            DenseFeedForward(inner: inner.makeRoom(), output: output.makeRoom(), kind: kind)
        }

        func fill(_ room: DenseFeedForward, on workers: Workers) {
            let balance = FeedForwardBalance(kind, output: output.columnPeaks(on: workers))
            inner.fill(room.inner, scaled: balance.inner, on: workers)
            output.fill(room.output, scaled: balance.output, on: workers)
        }

        /// Loads one, writes it where the model is being packed, and tells that it is done.
        ///
        /// - Parameter inputs: what an expert was sent and some rows of its layer, to round its weights for.
        func load(
            _ context: LoadingContext,
            roundedFor inputs: (own: Matrix, sample: Matrix)? = nil
        ) throws(CheckpointError) -> DenseFeedForward {
            expect()
            let balance = FeedForwardBalance(kind, output: output.columnPeaks(on: context.workers))
            let calibration = try calibration(inputs, balance, context)
            let inner = try inner.load(scaled: balance.inner, passingOn: calibration.inner, on: context.workers)
            let output = try output.load(scaled: balance.output, passingOn: calibration.output, on: context.workers)
            context.survey?.add(self.inner, balance.inner, on: context.workers)
            context.survey?.add(self.output, balance.output, on: context.workers)
            try context.writer?.write(self.inner.name, inner)
            try context.writer?.write(self.output.name, output)
            context.loaded(parameters)
            return DenseFeedForward(inner: inner, output: output, kind: kind)
        }

        private func calibration(
            _ inputs: (own: Matrix, sample: Matrix)?,
            _ balance: FeedForwardBalance,
            _ context: LoadingContext
        ) throws(CheckpointError) -> ExpertCalibration {
            guard let inputs, context.precision.hasRuns else { return .none }
            let exact = try inner.at(.float32).load(on: context.workers)
            return ExpertCalibration(
                (kind, exact, width),
                rows: inputs.own,
                sample: inputs.sample,
                columnFactors: balance.output.inputs,
                on: context.workers
            )
        }

        func expect() {
            inner.expect()
            output.expect()
        }
    }

    /// Bytes of memory.
    var byteCount: Int { inner.byteCount + output.byteCount }

    /// What the first product leaves behind: the plain rectifier is done by the product itself.
    var innerEpilogue: Product.Epilogue { isRectified ? .storeRectified : .store }

    /// Loads `input` with what becomes of the first product's outputs, which are overwritten.
    func activate(_ inner: Matrix, into input: ProductInput, on workers: Workers) {
        if isRectified {
            input.load(inner, as: output.precision, on: workers)
        } else {
            input.load(kind.activation, of: inner, isGated: kind.isGated, as: output.precision, on: workers)
        }
    }

    private var isRectified: Bool { kind == FeedForwardKind() }

    /// Adds to `hidden` what becomes of `workspace.input`; both `[tokens, model]`.
    func callAsFunction(addingTo hidden: Matrix, _ workspace: Workspace) {
        workspace.inner.resize(rows: hidden.rows, columns: inner.outputs)
        workspace.workers.run(Product(inner, workspace.input, into: workspace.inner, innerEpilogue))
        activate(workspace.inner, into: workspace.input, on: workspace.workers)
        workspace.workers.run(Product(output, workspace.input, into: hidden, .add))
    }
}
