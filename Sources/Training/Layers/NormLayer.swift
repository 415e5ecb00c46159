import SwitchModel
import Tensors

/// Root-mean-square normalization: no mean is subtracted and there is no bias.
struct NormLayer {
    private let scale: Parameter  // [model]
    private let epsilon: Float

    init(_ scope: String, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        scale = layout.add(scope + ".weight", [shape.configuration.modelWidth], .norm, deviation: 0)
        epsilon = shape.configuration.layerNormEpsilon
    }

    func forward(_ input: FloatRows, _ pass: Pass) -> FloatRows {
        let output = pass.arena.rows(input.rows, input.columns)
        output.normalize(input, scale: scale.view(in: pass.values), epsilon: epsilon)
        return output
    }

    /// Adds to `inputGradient` what `gradient`, that of the output, means for `input`.
    func backward(_ gradient: FloatRows, input: FloatRows, into inputGradient: FloatRows, _ pass: Pass) {
        let ofScale = scale.isLearnt ? scale.view(in: pass.gradients) : pass.arena.zeros(1, scale.columns)
        let scale = (value: scale.view(in: pass.values), gradient: ofScale)
        inputGradient.addNormGradient(gradient, input: input, scale: scale, epsilon: epsilon)
    }
}
