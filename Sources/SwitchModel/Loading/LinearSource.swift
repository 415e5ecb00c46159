import Checkpoints
import Tensors

/// Where the weights of a linear layer lie in a checkpoint: one tensor, or several stacked output by output; or the layer as
/// it was packed before.
struct LinearSource {
    private enum Stored {
        case tensors([StoredTensor])
        case packed(StoredTensor)
    }

    /// Of the layer in a packed file, without `.packed`.
    let name: String
    private let stored: Stored
    private let outputs: Int
    private let inputs: Int
    private let precision: WeightPrecision

    /// - Parameters:
    ///   - names: tensors below `weights`, without `.weight`, each `[outputs, inputs]`.
    init(
        _ weights: WeightScope,
        _ names: [String],
        outputs: Int,
        inputs: Int,
        _ precision: WeightPrecision
    ) throws(CheckpointError) {
        let joined = names.joined(separator: "+")
        name = weights.fullName(joined)
        self.outputs = outputs * names.count
        self.inputs = inputs
        self.precision = precision
        if weights.contains(joined + ".packed") {
            let shape = PackedMatrix.packedShape(outputs: outputs * names.count, inputs: inputs, precision)
            stored = .packed(try weights.tensor(joined + ".packed", shape))
        } else {
            var tensors: [StoredTensor] = []
            for name in names { tensors.append(try weights.tensor("\(name).weight", [outputs, inputs])) }
            stored = .tensors(tensors)
        }
    }

    private init(_ other: LinearSource, at precision: WeightPrecision) {
        (name, stored) = (other.name, other.stored)
        (outputs, inputs) = (other.outputs, other.inputs)
        self.precision = precision
    }

    /// The same layer, of tensors, in another precision.
    func at(_ precision: WeightPrecision) -> LinearSource { LinearSource(self, at: precision) }

    private var tensors: [StoredTensor] {
        switch stored {
        case .tensors(let tensors): tensors
        case .packed(let tensor): [tensor]
        }
    }

    var parameters: Int { outputs * inputs }

    /// The largest magnitude in every column; nil where there is nothing to gain from it: rounding does not mix columns,
    /// or was done before.
    func columnPeaks(on workers: Workers) -> [Float]? {
        guard precision.sharesScales, case .tensors(let tensors) = stored, tensors.count == 1 else { return nil }
        return source(tensors[0]).columnPeaks(inputs: inputs, on: workers)
    }

    /// The largest magnitude in every row of one of the tensors that are stacked; nil as `columnPeaks`.
    func rowPeaks(of tensor: Int, on workers: Workers) -> [Float]? {
        guard precision.sharesScales, case .tensors(let tensors) = stored else { return nil }
        return source(tensors[tensor]).rowPeaks(inputs: inputs, on: workers)
    }

    /// The share of every column that rounding loses, from 0 to 1; nil as `columnPeaks`.
    func columnLosses(scaled scaling: LinearScaling = .none, on workers: Workers) -> [Float]? {
        guard precision.sharesScales, case .tensors(let tensors) = stored else { return nil }
        return PackedMatrix.Source.columnLosses(scaled(tensors, by: scaling), inputs: inputs, on: workers)
    }

    private func source(_ tensor: StoredTensor) -> PackedMatrix.Source {
        PackedMatrix.Source(outputs: tensor.rows) { tensor.convert(rows: $0, into: $1) }
    }

    private func scaled(_ tensors: [StoredTensor], by scaling: LinearScaling) -> [PackedMatrix.Source] {
        var first = 0
        return tensors.map { tensor in
            let rows = first..<first + tensor.rows
            first = rows.upperBound
            return source(tensor).scaled(
                outputFactors: scaling.outputs.isEmpty ? [] : Array(scaling.outputs[rows]),
                inputFactors: scaling.inputs,
                inputs: inputs
            )
        }
    }

    /// Bytes to read.
    var storedBytes: Int { tensors.reduce(0) { $0 + $1.storedBytes } }

    /// Room for the layer, to be filled.
    func makeRoom() -> PackedMatrix { PackedMatrix(outputs: outputs, inputs: inputs, precision: precision) }

    /// Packs the layer into `matrix`, its rows and columns scaled, or copies it there; nothing of the file stays in this
    /// process's memory.
    ///
    /// A layer that was packed before was scaled before.
    ///
    /// - Parameter factor: passes on what rounding misses.
    func fill(
        _ matrix: PackedMatrix,
        scaled scaling: LinearScaling = .none,
        passingOn factor: ErrorFactor? = nil,
        on workers: Workers
    ) {
        switch stored {
        case .tensors(let tensors):
            matrix.fill(scaled(tensors, by: scaling), passingOn: factor, on: workers)
        case .packed(let tensor):
            matrix.fill(packed: { tensor.convert(rows: $0, into: $1) }, on: workers)
        }
        for tensor in tensors { tensor.advise(.finished) }
    }

    /// The layer in memory of its own; one that was packed before stays in its file and is read there.
    ///
    /// - Throws: `.notFinite` for a weight that is no number.
    func load(
        scaled scaling: LinearScaling = .none,
        passingOn factor: ErrorFactor? = nil,
        on workers: Workers
    ) throws(CheckpointError) -> PackedMatrix {
        if case .packed(let tensor) = stored, let lent = tensor.lend(), lent.isAligned {
            return PackedMatrix(outputs: outputs, inputs: inputs, precision: precision, packed: lent)
        }
        let matrix = makeRoom()
        fill(matrix, scaled: scaling, passingOn: factor, on: workers)
        if !matrix.isFinite { for tensor in tensors { try tensor.requireFinite() } }
        return matrix
    }

    /// Why what `fill` read is of no use; nil as long as nothing was found damaged.
    var problem: CheckpointError? { tensors.lazy.compactMap(\.problem).first }

    /// Lets the system begin to read the file, and unpack what is packed there.
    func expect() {
        for tensor in tensors { tensor.advise(.expected) }
    }
}

extension StoredTensor {
    /// Says what is wrong with the file, or names the first element that is not a number.
    func requireFinite() throws(CheckpointError) {
        if let problem { throw problem }
        guard let index = firstNonFinite() else { return }
        throw .notFinite(name: name, file: file, index: index)
    }
}
