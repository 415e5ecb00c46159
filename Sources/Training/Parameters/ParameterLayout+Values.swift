package import Checkpoints
import Foundation
package import Tensors

extension ParameterLayout {
    /// Draws all parameters: norms are 1, everything else comes from normal distributions cut off at two deviations.
    ///
    /// The same for the same seed, and of each parameter whatever the others are.
    ///
    /// - Parameter values: `[count]`, overwritten.
    package func draw(into values: FloatBuffer, seed: UInt64) {
        draw(into: values, seed: seed, ParameterShare(self))
    }

    /// Draws the parameters that are here.
    func draw(into values: FloatBuffer, seed: UInt64, _ share: ParameterShare) {
        for (index, parameter) in parameters.enumerated() where share.keeps(parameter) {
            let view = values[parameter.range]
            guard parameter.role != .norm else {
                view.store(Array(repeating: 1, count: parameter.count))
                continue
            }
            var noise = Noise(seed: seed, UInt64(index))
            view.store((0..<parameter.count).map { _ in parameter.deviation * Self.normal(&noise) })
        }
    }

    /// A number of the standard normal distribution, drawn again when it is more than two deviations off.
    static func normal(_ noise: inout Noise) -> Float {
        while true {
            // Box and Muller, 1958.
            let radius = (-2 * log(1 - noise.unit())).squareRoot()
            let value = radius * cos(2 * .pi * noise.unit())
            if abs(value) <= 2 { return Float(value) }
        }
    }

    /// Reads all parameters from a checkpoint.
    ///
    /// - Parameter values: `[count]`, overwritten; in part, where it throws.
    ///
    /// - Throws: `CheckpointError.missingTensor`, `.shapeMismatch` or `.notFinite`.
    package func read(_ source: any WeightSource, into values: FloatBuffer) throws(CheckpointError) {
        try read(source, into: values, ParameterShare(self))
    }

    /// Reads the parameters that are here.
    func read(_ source: any WeightSource, into values: FloatBuffer, _ share: ParameterShare) throws(CheckpointError) {
        let scope = WeightScope(root: source)
        for parameter in parameters where share.keeps(parameter) {
            let tensor = try scope.tensor(parameter.name, parameter.shape)
            if let index = tensor.firstNonFinite() {
                throw .notFinite(name: parameter.name, file: tensor.file, index: index)
            }
            values[parameter.range].store(tensor.floats())
        }
    }
}
