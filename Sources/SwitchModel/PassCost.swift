package import Tensors

/// What a forward pass must read and compute: the ground of every claim about its speed.
///
/// Counted from the configuration and from where the router sent the rows: weights once for each product however many
/// rows there are, keys and values once for each row that attends to them.
package struct PassCost: Equatable, Sendable {
    /// Parts that are bound by memory or by arithmetic each on their own.
    package private(set) var parts: [Part] = []

    /// The weights of one product, or the keys and values of one layer's attention.
    package struct Part: Equatable, Sendable {
        /// To be read from memory.
        package var bytes: Double
        /// Multiplications and additions, each counted.
        package var operations: Double
    }

    /// Of all parts, to be read from memory.
    package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }
    /// Of all parts, multiplications and additions each counted.
    package var operations: Double { parts.reduce(0) { $0 + $1.operations } }

    /// Seconds a machine needs at least that reads `bandwidth` bytes and does `arithmetic` operations a second.
    package func leastSeconds(bandwidth: Double, arithmetic: Double) -> Double {
        parts.reduce(0) { $0 + max($1.bytes / bandwidth, $1.operations / arithmetic) }
    }

    /// A decoder step.
    ///
    /// - Parameters:
    ///   - context: positions, own and of the prompt, that each row attends to.
    ///   - cacheRowBytes: of the keys and values of one position in one layer.
    ///   - plans: of every sparse layer, in this step.
    package static func step(
        _ model: SwitchConfiguration,
        _ precision: ModelPrecision,
        context: [(own: Int, prompt: Int)],
        cacheRowBytes: Int,
        plans: [RoutingPlan]
    ) -> PassCost {
        var cost = PassCost()
        let (width, inner) = (model.modelWidth, model.heads * model.headWidth)
        for block in 0..<model.decoderLayers {
            cost.addProduct(width * 6 * inner, rows: context.count, precision.layers)
            let isSparse = model.isSparse(block: block, in: .decoder)
            if !isSparse {
                cost.addProduct(
                    (1 + model.feedForward.innerFactor) * width * model.feedForwardWidth,
                    rows: context.count,
                    precision.layers
                )
            }
            let positions = context.reduce(0) { $0 + $1.own + $1.prompt }
            cost.parts.append(
                Part(bytes: Double(positions * cacheRowBytes), operations: Double(positions * 2 * inner) * 2)
            )
        }
        cost.addExperts(plans, model, precision.experts)
        cost.addProduct(width * model.vocabularySize, rows: context.count, precision.layers.head)
        return cost
    }

    /// The linear layers of an encoding pass; attention, which is Float32 and grows with the square of the prompt, is
    /// left out.
    ///
    /// - Parameters:
    ///   - rows: tokens of all prompts together.
    ///   - plans: of every sparse layer, in this pass.
    package static func encodingProducts(
        _ model: SwitchConfiguration,
        _ precision: ModelPrecision,
        rows: Int,
        plans: [RoutingPlan]
    ) -> PassCost {
        var cost = PassCost()
        let (width, inner) = (model.modelWidth, model.heads * model.headWidth)
        for block in 0..<model.encoderLayers {
            cost.addProduct(width * 4 * inner, rows: rows, precision.layers)
            let isSparse = model.isSparse(block: block, in: .encoder)
            if !isSparse {
                cost.addProduct(
                    (1 + model.feedForward.innerFactor) * width * model.feedForwardWidth,
                    rows: rows,
                    precision.layers
                )
            }
        }
        cost.addExperts(plans, model, precision.experts)
        cost.addProduct(model.decoderLayers * width * 2 * inner, rows: rows, precision.layers)
        return cost
    }

    private mutating func addExperts(_ plans: [RoutingPlan], _ model: SwitchConfiguration, _ precision: WeightPrecision)
    {
        var order = ExpertOrder()
        let layer = (1 + model.feedForward.innerFactor) * model.modelWidth * model.feedForwardWidth
        for plan in plans {
            order.fill(plan)
            addProduct(model.modelWidth * model.experts, rows: plan.rows, .float32)
            for segment in order.segments {
                addProduct(layer, rows: segment.rows.count, precision)
            }
        }
    }

    private mutating func addProduct(_ weights: Int, rows: Int, _ precision: WeightPrecision) {
        parts.append(
            Part(
                bytes: Double(weights) * precision.bytesPerWeight,
                operations: 2 * Double(weights) * Double(rows)
            )
        )
    }
}
