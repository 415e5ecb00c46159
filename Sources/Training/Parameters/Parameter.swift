package import Tensors

/// One tensor that is trained: its name in a checkpoint, its shape, and where it lies in buffers of all parameters.
package struct Parameter: Equatable, Sendable {
    /// What a tensor is for, which decides how it starts and what the optimizer does with it.
    package enum Role: String, Sendable {
        case embedding
        case head
        case matrix
        /// Kept in Float32 whatever the others are rounded to.
        case router
        /// Scales of a normalization: never decayed, and never rounded.
        case norm
        /// The bias by distance: small, never decayed.
        case bias
    }

    /// The key in a checkpoint of the Hugging Face layout.
    package let name: String
    /// Dimensions, the outermost first; matrices are `[outputs, inputs]`.
    package let shape: [Int]
    package let role: Role
    /// The standard deviation it is drawn with at first; a norm starts at 1.
    package let deviation: Float
    /// The first element's place in buffers of all parameters.
    package let offset: Int
    /// Which expert of its layer it belongs to; nil for what is no expert's.
    package let expert: Int?
    /// Whether it is changed; what is not has no gradients and no moments.
    package let isLearnt: Bool

    /// Elements.
    package var count: Int { shape.reduce(1, *) }

    /// The last dimension.
    package var columns: Int { shape.last ?? 1 }

    /// All dimensions but the last, multiplied; 1 for a vector.
    package var rows: Int { count / max(columns, 1) }

    /// The elements' places in buffers of all parameters.
    package var range: Range<Int> { offset..<offset + count }

    /// The tensor as `[rows, columns]` in a buffer of all parameters, or of all gradients or moments; no copy.
    package func view(in buffer: FloatBuffer) -> FloatRows { buffer.view(at: offset, rows: rows, columns: columns) }
}

/// All parameters of a model, one after the other.
package struct ParameterLayout: Equatable, Sendable {
    /// By offset, without gaps.
    package private(set) var parameters: [Parameter] = []
    /// What is added and belongs to one of these is not learnt.
    private let frozen: [ParameterGroup]

    init(frozen: [ParameterGroup] = []) { self.frozen = frozen }

    /// Elements of those that are learnt.
    package var learntCount: Int { parameters.reduce(0) { $0 + ($1.isLearnt ? $1.count : 0) } }

    /// Refuses groups that nothing belongs to, and those that leave nothing to learn.
    ///
    /// - Throws: `TrainingError.nothingToFreeze` and `.nothingToLearn`.
    func checkFrozen() throws(TrainingError) {
        for group in frozen {
            let isFound = parameters.contains { group.contains($0.name, $0.role, isExpert: $0.expert != nil) }
            guard isFound else { throw .nothingToFreeze(group.rawValue) }
        }
        guard learntCount > 0 else { throw .nothingToLearn }
    }

    /// Elements of all of them.
    package var count: Int { parameters.last?.range.upperBound ?? 0 }

    mutating func add(
        _ name: String,
        _ shape: [Int],
        _ role: Parameter.Role,
        deviation: Float,
        expert: Int? = nil
    ) -> Parameter {
        let parameter = Parameter(
            name: name,
            shape: shape,
            role: role,
            deviation: deviation,
            offset: count,
            expert: expert,
            isLearnt: !frozen.contains { $0.contains(name, role, isExpert: expert != nil) }
        )
        parameters.append(parameter)
        return parameter
    }
}
