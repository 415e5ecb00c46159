/// What a parameter of T5X or Mesh TensorFlow is in a model, and how its array is laid out.
///
/// In all of them inputs come before outputs; PyTorch keeps outputs first.
struct OriginalName: Equatable, Sendable {
    /// Which dimensions are rows and which columns, layers left out.
    enum Layout: Equatable, Sendable {
        /// `[width]`.
        case vector
        /// `[tokens, width]`.
        case embedding
        /// `[inputs, outputs]`, of position biases `[heads, buckets]`.
        case kernel
        /// `[inputs, outputs]` or `[inputs, heads, head width]`.
        case heads
        /// `[inputs, outputs]` or `[heads, head width, outputs]`.
        case fromHeads
        /// `[experts, inputs, outputs]`; the name has `{e}` where an expert's number goes.
        case experts
    }

    /// The whole name, without `.weight`.
    let name: String
    let layout: Layout

    /// The tensors that lie in `array`, by their names.
    ///
    /// - Parameter layer: the dimension of layers and the one that is meant, where several are in one array.
    /// - Throws: `.unknownParameter` for an array of other dimensions.
    func tensors(
        in array: ChunkedArray,
        of parameter: String,
        layer: (axis: Int, index: Int)? = nil
    ) throws(CheckpointError) -> [String: ArrayTensor] {
        let axes = array.shape.sizes.indices.filter { $0 != layer?.axis }
        guard allowedDimensions.contains(axes.count) else {
            let sizes = array.shape.sizes
            throw .unknownParameter(
                name: parameter,
                file: array.path,
                reason: "has the shape \(sizes), which is not read"
            )
        }
        var view = ArrayView(fixed: layer.map { [$0.axis: $0.index] } ?? [:], rows: [axes[0]])
        switch layout {
        case .vector: break
        case .embedding: view.columns = [axes[1]]
        case .kernel, .heads: (view.rows, view.columns) = (Array(axes[1...]), [axes[0]])
        case .fromHeads: (view.rows, view.columns) = ([axes[axes.count - 1]], axes.dropLast())
        case .experts:
            (view.rows, view.columns) = ([axes[2]], [axes[1]])
            let experts = array.shape.sizes[axes[0]]
            guard experts <= Self.mostExperts else {
                let reason = "has \(experts) experts; at most \(Self.mostExperts) are expected"
                throw .unknownParameter(name: parameter, file: array.path, reason: reason)
            }
            var tensors: [String: ArrayTensor] = [:]
            for expert in 0..<experts {
                view.fixed[axes[0]] = expert
                tensors[name.replacing("{e}", with: "\(expert)") + ".weight"] = ArrayTensor(array: array, view: view)
            }
            return tensors
        }
        return [name + ".weight": ArrayTensor(array: array, view: view)]
    }

    /// Of one layer; the largest released model has 2048.
    private static let mostExperts = 1 << 14

    private var allowedDimensions: ClosedRange<Int> {
        switch layout {
        case .vector: 1...1
        case .embedding, .kernel: 2...2
        case .heads, .fromHeads: 2...3
        case .experts: 3...3
        }
    }
}
