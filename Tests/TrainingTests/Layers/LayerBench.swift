import Foundation
import SwitchModel
import Tensors
import Testing

@testable import Training

/// One layer beside its plain definition: runs both, then compares outputs and every gradient with central differences of
/// the definition in Double.
final class LayerBench {
    var shape: ModelShape
    var layout = ParameterLayout()
    let pass: Pass
    /// Inputs by name, beside the parameters.
    private var inputs: [(name: String, value: PlainLayers.Rows)] = []

    /// The smallest model that still has several of everything; `regularization` without anything random.
    static var shape: ModelShape {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.vocabularySize, configuration.modelWidth) = (11, 8)
        (configuration.heads, configuration.headWidth, configuration.feedForwardWidth) = (2, 3, 10)
        (configuration.experts, configuration.expertCapacity) = (3, 2)
        (configuration.relativeBuckets, configuration.relativeMaxDistance) = (8, 12)
        return ModelShape(configuration)
    }

    static let sequences = [0..<5, 5..<6, 6..<13]

    /// - Parameter make: adds the layer's parameters.
    init(_ shape: ModelShape, _ regularization: Regularization = .none, _ make: (inout ParameterLayout) -> Void) {
        self.shape = shape
        make(&layout)
        let values = FloatBuffer(count: layout.count)
        layout.draw(into: values, seed: 3)
        for parameter in layout.parameters where parameter.role == .norm {
            values[parameter.range].store((0..<parameter.count).map { 0.5 + 0.1 * Float($0) })
        }
        pass = Pass(values: values, gradients: FloatBuffer(count: layout.count), regularization)
        pass.begin(Noise(seed: 5))
    }

    /// Numbers from -1 to 1 as an input of the layer.
    func input(_ name: String, rows: Int, columns: Int) -> FloatRows {
        var noise = Noise(seed: UInt64(rows), UInt64(inputs.count))
        let rows = pass.arena.rows(rows, columns)
        rows.store((0..<rows.count).map { _ in Float(noise.unit() * 2 - 1) })
        inputs.append((name, rowsOf(rows)))
        return rows
    }

    func rowsOf(_ rows: FloatRows) -> PlainLayers.Rows {
        (0..<rows.rows).map { rows[rows: $0..<$0 + 1].elements.map(Double.init) }
    }

    /// What outputs are multiplied with, so that there is one number to differentiate.
    func weights(rows: Int, columns: Int) -> FloatRows {
        var noise = Noise(seed: 77)
        let weights = pass.arena.rows(rows, columns)
        weights.store((0..<weights.count).map { _ in Float(noise.unit() * 2 - 1) })
        return weights
    }

    func product(_ left: PlainLayers.Rows, _ right: PlainLayers.Rows) -> Double {
        zip(left, right).reduce(0) { $0 + zip($1.0, $1.1).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    /// Compares the gradients of all parameters and of the inputs, which `gradients` names, with those of `objective`.
    func check(
        gradients: [String: FloatRows],
        _ objective: (PlainLayers, _ inputs: [String: PlainLayers.Rows]) -> Double
    ) {
        var plain = PlainLayers(parameters: [:], configuration: shape.configuration)
        for parameter in layout.parameters {
            plain.parameters[parameter.name] = pass.values[parameter.range].elements.map(Double.init)
        }
        let inputs = Dictionary(uniqueKeysWithValues: self.inputs.map { ($0.name, $0.value) })
        let step = 1e-5
        for parameter in layout.parameters {
            let numeric = (0..<parameter.count).map { index in
                var (more, less) = (plain, plain)
                more.parameters[parameter.name]?[index] += step
                less.parameters[parameter.name]?[index] -= step
                return (objective(more, inputs) - objective(less, inputs)) / (2 * step)
            }
            expect(pass.gradients[parameter.range].elements, numeric, parameter.name)
        }
        for (name, value) in self.inputs {
            guard let found = gradients[name] else { continue }
            let numeric = value.indices.flatMap { row in
                value[row].indices.map { column in
                    var (more, less) = (inputs, inputs)
                    more[name]?[row][column] += step
                    less[name]?[row][column] -= step
                    return (objective(plain, more) - objective(plain, less)) / (2 * step)
                }
            }
            expect(found.elements, numeric, name)
        }
    }

    private func expect(_ found: [Float], _ wanted: [Double], _ name: String) {
        let size = wanted.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(found, wanted).reduce(0) { $0 + pow(Double($1.0) - $1.1, 2) }.squareRoot()
        #expect(error <= 1e-4 * size + 1e-9, "\(name): the gradient is \(error) off \(size)")
    }
}
