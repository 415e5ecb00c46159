import SwitchModel
import Tensors

/// T5's learned bias by distance between query and key, shared by the blocks of a stack.
struct PositionBias {
    private let weight: Parameter  // [buckets, heads]
    private let stack: SwitchConfiguration.Stack
    private let maximumDistance: Int

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        let configuration = shape.configuration
        weight = layout.add(
            scope + ".relative_attention_bias.weight",
            [configuration.relativeBuckets, configuration.heads],
            .bias,
            deviation: shape.initialization.matrices / Float(configuration.modelWidth).squareRoot()
        )
        self.stack = stack
        maximumDistance = configuration.relativeMaxDistance
    }

    /// The bias by distance, for sequences of up to `reach` tokens.
    func table(reach: Int, _ pass: Pass) -> BiasTable {
        let heads = weight.columns
        let width = max(1, 2 * reach - 1)
        let table = BiasTable(
            values: pass.arena.rows(heads, width),
            gradients: pass.arena.zeros(heads, width),
            center: max(0, reach - 1)
        )
        let buckets = weight.view(in: pass.values)
        for column in 0..<width {
            let bucket = bucket(column, table)
            for head in 0..<heads { table.values[head, column] = buckets[bucket, head] }
        }
        return table
    }

    /// Adds the gradients of a table, once all blocks have added theirs to it.
    func addGradient(_ table: BiasTable, _ pass: Pass) {
        guard weight.isLearnt else { return }
        let gradient = weight.view(in: pass.gradients)
        for column in 0..<table.values.columns {
            let bucket = bucket(column, table)
            for head in 0..<weight.columns { gradient[bucket, head] += table.gradients[head, column] }
        }
    }

    private func bucket(_ column: Int, _ table: BiasTable) -> Int {
        RelativePositionBias.bucket(
            of: column - table.center,
            isBidirectional: stack == .encoder,
            count: weight.rows,
            maximumDistance: maximumDistance
        )
    }
}

/// The bias of every head by distance, and its gradient: column `center` is distance 0.
struct BiasTable {
    let values: FloatRows  // [heads, 2 · reach - 1]
    let gradients: FloatRows
    let center: Int
}
