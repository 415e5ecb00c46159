import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
final class AdamWOptimizer: Optimizer {
    /// A run of elements of one parameter: what a thread updates at a time.
    private struct Tile {
        var range: Range<Int>
        var rate: Float
        var weightDecay: Float
    }

    private let settings: OptimizerSettings
    private let first: FloatBuffer
    private let second: FloatBuffer
    private let tiles: [Tile]
    private let layout: ParameterLayout
    private(set) var steps = 0

    private static let tileSize = 1 << 17

    init(_ settings: OptimizerSettings, _ layout: ParameterLayout, _ share: ParameterShare) {
        (self.settings, self.layout) = (settings, layout)
        first = FloatBuffer(count: layout.count)
        second = FloatBuffer(count: layout.count)
        tiles = layout.parameters.filter(share.learns).flatMap { parameter in
            stride(from: parameter.offset, to: parameter.range.upperBound, by: Self.tileSize).map { start in
                Tile(
                    range: start..<min(start + Self.tileSize, parameter.range.upperBound),
                    rate: settings.rate(of: parameter.role),
                    weightDecay: settings.weightDecay(of: parameter.role)
                )
            }
        }
    }

    var memory: [ParameterMemory] {
        let places = layout.parameters.map(\.range)
        return [
            ParameterMemory(name: "first_moments", buffer: first, places: places),
            ParameterMemory(name: "second_moments", buffer: second, places: places),
        ]
    }

    func resume(steps: Int) { self.steps = steps }

    func step(_ values: FloatBuffer, _ gradients: FloatBuffer, rate: Float, gradientScale: Float, on workers: Workers) {
        steps += 1
        let decays = (settings.firstDecay, settings.secondDecay)
        workers.forEach(tiles.count) { index, _ in
            let tile = tiles[index]
            var step = FloatRows.AdamStep(
                step: steps,
                rate: rate * tile.rate,
                gradientScale: gradientScale,
                decays: decays
            )
            step.epsilon = settings.epsilon
            step.weightDecay = tile.weightDecay
            values[tile.range].update(gradients[tile.range], first: first[tile.range], second: second[tile.range], step)
        }
    }
}
