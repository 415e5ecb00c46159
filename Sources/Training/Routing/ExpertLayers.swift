import SwitchModel
import Tensors

/// The experts of one sparse layer: here, or some of them at other ranks.
struct ExpertLayers {
    /// Among the sparse layers of the model, in the order they run.
    let layer: Int
    private let experts: [DenseFeedForwardLayer]

    /// What one expert made of its rows.
    struct Work {
        var output: FloatRows
        /// For the way back; nil of an expert that is elsewhere.
        var kept: DenseFeedForwardLayer.Kept?
    }

    init(_ scope: String, layer: Int, _ layout: inout ParameterLayout, _ shape: ModelShape) {
        self.layer = layer
        var experts: [DenseFeedForwardLayer] = []
        for expert in 0..<shape.configuration.experts {
            experts.append(DenseFeedForwardLayer("\(scope).expert_\(expert)", &layout, shape, expert: expert))
        }
        self.experts = experts
    }

    /// Hands each expert its rows.
    ///
    /// - Parameters:
    ///   - rows: by expert, `[rows, model]`; nil for none.
    ///   - keys: by expert, decide what is dropped.
    func forward(_ rows: [FloatRows?], keys: [UInt64], _ pass: Pass) -> [Work?] {
        if let lane = pass.lane { return lane.forward(self, rows, keys: keys) }
        return rows.enumerated().map { expert, rows in rows.map { run(expert, $0, key: keys[expert], pass) } }
    }

    /// Returns the gradients of the rows.
    ///
    /// - Parameters:
    ///   - gradients: of the outputs, by expert; nil where there were no rows.
    ///   - works: what `forward` returned.
    func backward(_ gradients: [FloatRows?], _ works: [Work?], _ pass: Pass) -> [FloatRows?] {
        if let lane = pass.lane { return lane.backward(self, gradients, works) }
        return gradients.enumerated().map { expert, gradient in
            gradient.flatMap { gradient in
                works[expert]?.kept.map { runBack(expert, gradient, $0, pass) }
            }
        }
    }

    /// One expert that is here.
    func run(_ expert: Int, _ rows: FloatRows, key: UInt64, _ pass: Pass) -> Work {
        let dropout = pass.regularization.expertDropout
        let (output, kept) = experts[expert].forward(rows, dropout: dropout, key: key, pass)
        return Work(output: output, kept: kept)
    }

    /// The way back through one expert that is here.
    func runBack(
        _ expert: Int,
        _ gradient: FloatRows,
        _ kept: DenseFeedForwardLayer.Kept,
        _ pass: Pass
    ) -> FloatRows {
        experts[expert].backward(gradient, kept, dropout: pass.regularization.expertDropout, pass)
    }
}
