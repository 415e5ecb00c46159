package import Checkpoints
package import Tensors

/// What layers need while they are built: sizes, precision, the threads that pack, and who wants to see progress.
package struct LoadingContext {
    package var configuration: SwitchConfiguration
    /// Of linear layers but the routers, and the head where it has its own.
    package var precision: WeightPrecision
    /// Of experts; nil for the same.
    package var expertPrecision: WeightPrecision?
    package var workers: Workers
    /// Positions a sequence may reach, on either side.
    package var reach: Int
    /// Where experts are brought when the router asks for them; nil when all are there from the start.
    package var expertMemory: ExpertMemory?
    /// Which ranks have which experts; nil where this process has all.
    package var spread: ExpertSpread?
    /// Takes every layer as it is loaded, where the model is being packed; experts are then not kept.
    package var writer: PackedFileWriter?
    /// What experts' weights are rounded for, where these have runs; nil to round each by itself.
    package var expertInputs: ExpertInputs?
    /// Takes what was balanced and what rounding costs, layer by layer; experts are then not kept.
    package var survey: RoundingSurvey?
    /// The one sublayer that is held in `precision`, of `SwitchConfiguration.sublayers`, while all others are Float32;
    /// nil for all of them.
    package var roundedSublayer: String?
    /// Called after each packed matrix with the parameters it holds.
    package var loaded: (_ parameters: Int) -> Void

    package init(
        configuration: SwitchConfiguration,
        precision: WeightPrecision = .float32,
        workers: Workers,
        reach: Int,
        loaded: @escaping (_ parameters: Int) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.precision = precision
        self.workers = workers
        self.reach = reach
        self.loaded = loaded
    }

    /// What the layers of a sublayer need.
    func within(_ sublayer: String) -> LoadingContext {
        guard let roundedSublayer, sublayer != roundedSublayer, sublayer != roundedSublayer + "." else { return self }
        var context = self
        (context.precision, context.expertPrecision) = (.float32, nil)
        return context
    }

    /// What experts need.
    var ofExperts: LoadingContext {
        var context = self
        context.precision = expertPrecision ?? precision
        return context
    }

    /// Packs the linear layers `names`, each `[outputs, inputs]`, stacked output by output.
    ///
    /// - Parameter other: a precision of their own.
    func linear(
        _ weights: WeightScope,
        _ names: [String],
        outputs: Int,
        inputs: Int,
        at other: WeightPrecision? = nil
    ) throws(CheckpointError) -> PackedMatrix {
        try linear(LinearSource(weights, names, outputs: outputs, inputs: inputs, other ?? precision))
    }

    /// Packs a linear layer, its rows and columns scaled.
    func linear(_ source: LinearSource, scaled scaling: LinearScaling = .none) throws(CheckpointError) -> PackedMatrix {
        let packed = try source.load(scaled: scaling, on: workers)
        survey?.add(source, scaling, on: workers)
        try writer?.write(source.name, packed)
        loaded(source.parameters)
        return packed
    }

    /// Reads a tensor as it is: a vector becomes one row.
    func matrix(_ weights: WeightScope, _ name: String, _ shape: [Int]) throws(CheckpointError) -> Matrix {
        let tensor = try weights.tensor(name, shape)
        writer?.keep(weights.fullName(name), tensor)
        let (rows, columns) = shape.count == 2 ? (shape[0], shape[1]) : (1, shape[0])
        let matrix = Matrix(rows: rows, columns: columns)
        matrix.fill(rows: 0..<rows) { tensor.convert(rows: 0..<shape[0], into: $0) }
        if !matrix.isFinite { try tensor.requireFinite() }
        loaded(rows * columns)
        return matrix
    }

    /// Reads an embedding, `[tokens, model]`.
    func embedding(_ weights: WeightScope, _ name: String) throws(CheckpointError) -> EmbeddingTable {
        let (tokens, columns) = (configuration.vocabularySize, configuration.modelWidth)
        let tensor = try weights.tensor("\(name).weight", [tokens, columns])
        writer?.keep(weights.fullName("\(name).weight"), tensor)
        let table = EmbeddingTable(tokens: tokens, columns: columns, precision: precision) { rows, target in
            tensor.convert(rows: rows, into: target)
        }
        tensor.advise(.finished)
        if !table.isFinite { try tensor.requireFinite() }
        loaded(tokens * columns)
        return table
    }
}
