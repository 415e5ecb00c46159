import Checkpoints
import Foundation
import Tensors

/// T5's learned bias by distance between query and key: one for all blocks of a stack, in umT5 one for each.
///
/// Source: Raffel et al. 2020, §2.1; bucket arithmetic in Float32 as transformers 5.23.0 does it.
package struct RelativePositionBias {
    /// `[heads, 2 · reach - 1]`: column `reach - 1 + (key - query)`.
    let table: Matrix

    /// - Parameter weights: the scope of the first block's self-attention.
    init(_ weights: WeightScope, in stack: Stack, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        let buckets = try context.matrix(
            weights["relative_attention_bias"],
            "weight",
            [configuration.relativeBuckets, configuration.heads]
        ).elements
        let reach = context.reach
        var table = [Float](repeating: 0, count: configuration.heads * (2 * reach - 1))
        for column in 0..<2 * reach - 1 {
            let bucket = Self.bucket(
                of: column - (reach - 1),
                isBidirectional: stack == .encoder,
                count: configuration.relativeBuckets,
                maximumDistance: configuration.relativeMaxDistance
            )
            for head in 0..<configuration.heads {
                table[head * (2 * reach - 1) + column] = buckets[bucket * configuration.heads + head]
            }
        }
        self.table = Matrix(rows: configuration.heads, columns: 2 * reach - 1, elements: table)
    }

    /// Those of a stack: the first block's for all, or each block's own.
    ///
    /// - Parameter scopes: of every block's self-attention.
    static func all(
        _ scopes: [WeightScope],
        in stack: Stack,
        _ context: LoadingContext
    ) throws(CheckpointError) -> [RelativePositionBias] {
        var biases: [RelativePositionBias] = []
        for scope in context.configuration.biasInEveryBlock ? scopes[...] : scopes.prefix(1) {
            biases.append(try RelativePositionBias(scope, in: stack, context))
        }
        return biases
    }

    /// The bucket of `distance` = key position − query position: exact up to a quarter or half of the buckets,
    /// logarithmic up to `maximumDistance`, the last one beyond.
    package static func bucket(of distance: Int, isBidirectional: Bool, count: Int, maximumDistance: Int) -> Int {
        let buckets = isBidirectional ? count / 2 : count
        let start = isBidirectional && distance > 0 ? buckets : 0
        let magnitude = isBidirectional ? abs(distance) : max(0, -distance)
        let exact = buckets / 2
        guard magnitude >= exact else { return start + magnitude }
        // Float32 throughout, as the reference: the boundaries between buckets depend on its rounding.
        let span = Float(log(Double(maximumDistance) / Double(exact)))
        let position = logf(Float(magnitude) / Float(exact)) / span * Float(buckets - exact)
        guard position.isFinite else { return start + buckets - 1 }
        return start + min(exact + Int(position.clamped(to: 0...Float(buckets))), buckets - 1)
    }
}

extension Float {
    fileprivate func clamped(to range: ClosedRange<Float>) -> Float {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
