package import Tensors

/// How large the gradients of a step are.
package struct GradientNorms: Equatable, Sendable {
    /// Of each parameter, in the order of the layout; a NaN or an infinity makes it one.
    package let parameters: [Double]

    /// The norms of gradients, `[layout.count]`, each parameter's on one of the workers, so that they do not depend on
    /// how many there are.
    package init(_ gradients: FloatBuffer, _ layout: ParameterLayout, on workers: Workers) {
        self.init(squares: Self.squares(gradients, layout.parameters, on: workers))
    }

    /// - Parameter squares: of each parameter's gradients, added up.
    init(squares: [Double]) { parameters = squares.map { $0.squareRoot() } }

    /// The sum of the squares of the gradients of each of some parameters.
    static func squares(_ gradients: FloatBuffer, _ parameters: [Parameter], on workers: Workers) -> [Double] {
        var squares = Array(repeating: 0.0, count: parameters.count)
        squares.withUnsafeMutableBufferPointer { squares in
            workers.forEach(parameters.count) { index, _ in
                squares[index] = gradients[parameters[index].range].sumOfSquares
            }
        }
        return squares
    }

    package init(parameters: [Double]) { self.parameters = parameters }

    /// Of each block's parameters together, by its name such as `encoder.block.0`, and of each parameter outside blocks.
    func layers(_ named: [Parameter]) -> [String: Double] {
        var squares: [String: Double] = [:]
        for (parameter, norm) in zip(named, parameters) {
            let words = parameter.name.split(separator: ".")
            let isInBlock = words.count > 3 && words[1] == "block"
            squares[words.prefix(isInBlock ? 3 : 1).joined(separator: "."), default: 0] += norm * norm
        }
        return squares.mapValues { $0.squareRoot() }
    }

    /// Of all parameters together.
    package var global: Double { parameters.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// What gradients are multiplied with to bring the global norm down to `maximum`; 1 where it is not above.
    package func scale(maximum: Double) -> Float {
        let norm = global
        return norm > maximum ? Float(maximum / (norm + 1e-6)) : 1
    }
}
