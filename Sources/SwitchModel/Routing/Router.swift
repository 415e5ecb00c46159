import Checkpoints
import Tensors

/// Sends each token to one expert or several: softmax over a linear layer, in Float32 whatever the other weights are.
///
/// Source: Fedus et al. 2021, §2.1. Jitter belongs to training and is not applied.
struct Router {
    private let classifier: PackedMatrix  // [experts, model]
    private let bias: Matrix?  // [1, experts]
    private let capacity: Int
    private let choices: Int

    init(_ weights: WeightScope, _ context: LoadingContext) throws(CheckpointError) {
        let configuration = context.configuration
        var context = context
        context.precision = .float32
        classifier = try context.linear(
            weights,
            ["classifier"],
            outputs: configuration.experts,
            inputs: configuration.modelWidth
        )
        bias =
            configuration.routerBias
            ? try context.matrix(weights, "classifier.bias", [configuration.experts]) : nil
        (capacity, choices) = (configuration.expertCapacity, configuration.choices)
    }

    func emptyPlan(_ stack: Stack, block: Int) -> RoutingPlan {
        RoutingPlan(stack: stack, block: block, expertCount: classifier.outputs, choices: choices)
    }

    /// Fills `plan` for the rows of `normed`, `[rows, model]`.
    func fill(_ plan: inout RoutingPlan, _ normed: Matrix, _ sharing: RoutingPlan.Sharing, _ workspace: Workspace) {
        let probabilities = workspace.routerProbabilities
        probabilities.resize(rows: normed.rows, columns: classifier.outputs)
        workspace.routerInput.load(normed, as: classifier.precision, on: workspace.workers)
        workspace.workers.run(Product(classifier, workspace.routerInput, into: probabilities))
        if let bias { probabilities.addToRows(bias) }
        probabilities.softmaxRows()
        plan.fill(probabilities, sharing, capacity: capacity)
    }
}
