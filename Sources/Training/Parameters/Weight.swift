import Tensors

/// A matrix that rows are multiplied with: one parameter, or several that lie next to each other.
struct Weight {
    private let offset: Int
    private let isLearnt: Bool
    let outputs: Int
    let inputs: Int

    init(_ parameter: Parameter) {
        self.init(stacking: [parameter])
    }

    /// - Precondition: the parameters have the same number of columns, and none lies between them.
    init(stacking parameters: [Parameter]) {
        offset = parameters[0].offset
        isLearnt = parameters[0].isLearnt
        inputs = parameters[0].columns
        outputs = parameters.reduce(0) { $0 + $1.rows }
        for (left, right) in zip(parameters, parameters.dropFirst()) {
            precondition(right.offset == left.range.upperBound && right.columns == left.columns)
            precondition(right.isLearnt == left.isLearnt, "\(right.name) is of another group than \(left.name)")
        }
    }

    /// `input · Wᵀ`, `[rows, outputs]`.
    func apply(_ input: FloatRows, _ pass: Pass) -> FloatRows {
        let output = pass.arena.rows(input.rows, outputs)
        multiply(input, into: output, pass)
        return output
    }

    func multiply(_ input: FloatRows, into output: FloatRows, _ pass: Pass) {
        output.multiply(.plain(input), .transposed(view(in: pass.values)))
    }

    /// Adds to the weight's gradient, if it has one, what `apply` hands back of `gradient`, `[rows, outputs]`.
    func addGradient(_ gradient: FloatRows, input: FloatRows, _ pass: Pass) {
        guard isLearnt else { return }
        view(in: pass.gradients).multiply(.transposed(gradient), .plain(input), .add)
    }

    /// What `apply` hands back to its input: `gradient · W`, `[rows, inputs]`.
    func inputGradient(_ gradient: FloatRows, _ pass: Pass) -> FloatRows {
        let input = pass.arena.rows(gradient.rows, inputs)
        addInputGradient(gradient, to: input, .replace, pass)
        return input
    }

    func addInputGradient(_ gradient: FloatRows, to input: FloatRows, _ accumulation: Accumulation, _ pass: Pass) {
        input.multiply(.plain(gradient), .plain(view(in: pass.values)), accumulation)
    }

    private func view(in buffer: FloatBuffer) -> FloatRows {
        buffer.view(at: offset, rows: outputs, columns: inputs)
    }
}
