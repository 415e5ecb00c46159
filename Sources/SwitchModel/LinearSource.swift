import Checkpoints
import Tensors

/// Where the weights of a linear layer lie in a checkpoint: one tensor, or several stacked output by output.
struct LinearSource {
    private let tensors: [StoredTensor]
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
        var tensors: [StoredTensor] = []
        for name in names { tensors.append(try weights.tensor("\(name).weight", [outputs, inputs])) }
        self.tensors = tensors
        self.outputs = outputs * names.count
        self.inputs = inputs
        self.precision = precision
    }

    var parameters: Int { outputs * inputs }

    /// Bytes to read.
    var storedBytes: Int { tensors.reduce(0) { $0 + $1.storedBytes } }

    /// Room for the layer, to be filled.
    func makeRoom() -> PackedMatrix { PackedMatrix(outputs: outputs, inputs: inputs, precision: precision) }

    /// Packs the layer into `matrix`; nothing of the file stays in this process's memory.
    func fill(_ matrix: PackedMatrix, on workers: Workers) {
        let sources = tensors.map { tensor in
            PackedMatrix.Source(outputs: tensor.rows) { tensor.convert(rows: $0, into: $1) }
        }
        matrix.fill(sources, on: workers)
        for tensor in tensors { tensor.advise(.finished) }
    }

    /// - Throws: `.notFinite` for a weight that is no number.
    func load(on workers: Workers) throws(CheckpointError) -> PackedMatrix {
        let matrix = makeRoom()
        fill(matrix, on: workers)
        if !matrix.isFinite { for tensor in tensors { try tensor.requireFinite() } }
        return matrix
    }

    /// Lets the system begin to read the file.
    func expect() {
        for tensor in tensors { tensor.advise(.expected) }
    }
}

extension StoredTensor {
    /// Names the first element that is not a number.
    func requireFinite() throws(CheckpointError) {
        guard let index = firstNonFinite() else { return }
        throw .notFinite(name: name, file: file, index: index)
    }
}
