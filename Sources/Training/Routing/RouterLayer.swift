import SwitchModel
import Tensors

/// Chooses the experts of each row: softmax over a linear layer (Fedus and others 2021, §2.1), and the losses that keep it
/// healthy.
struct RouterLayer {
    private let classifier: Parameter  // [experts, model]
    private let bias: Parameter?  // [experts]
    private let shape: ModelShape
    private let stack: SwitchConfiguration.Stack
    private let block: Int

    struct Kept {
        let assignment: ExpertAssignment
        /// Which of the pass's routers this is.
        fileprivate let place: Int
        fileprivate let input: FloatRows
        fileprivate let jitterKey: UInt64
        fileprivate let logits: FloatRows
        fileprivate let probabilities: FloatRows
    }

    init(
        _ scope: String,
        in stack: SwitchConfiguration.Stack,
        block: Int,
        _ layout: inout ParameterLayout,
        _ shape: ModelShape
    ) {
        let configuration = shape.configuration
        classifier = layout.add(
            scope + ".classifier.weight",
            [configuration.experts, configuration.modelWidth],
            .router,
            deviation: shape.initialization.router / Float(configuration.modelWidth).squareRoot()
        )
        bias =
            configuration.routerBias
            ? layout.add(scope + ".classifier.bias", [configuration.experts], .router, deviation: 0) : nil
        (self.shape, self.stack, self.block) = (shape, stack, block)
    }

    /// - Parameters:
    ///   - input: normalized, `[rows, model]`.
    ///   - sequences: where each sequence's rows are.
    func forward(_ input: FloatRows, _ sequences: [Range<Int>], _ pass: Pass) -> Kept {
        let key = pass.noise.next()
        let jittered = pass.regularization.jitter > 0 ? pass.arena.copy(input) : input
        jittered.jitter(range: pass.regularization.jitter, key: key)
        let logits = Weight(classifier).apply(jittered, pass)
        if let bias {
            for row in 0..<logits.rows { logits.addRow(row, bias.view(in: pass.values), row: 0, scale: 1) }
        }
        let probabilities = pass.arena.copy(logits)
        probabilities.softmax()
        let assignment = self.assignment(probabilities, sequences)
        let sums = BalanceSums(assignment, probabilities)
        let loss = RouterLoss(pass.regularization.balanceLoss, sums, logits: logits)
        let place = pass.record(LayerRouting(stack: stack, block: block, assignment), loss, sums)
        return Kept(
            assignment: assignment,
            place: place,
            input: jittered,
            jitterKey: key,
            logits: logits,
            probabilities: probabilities
        )
    }

    private func assignment(_ probabilities: FloatRows, _ sequences: [Range<Int>]) -> ExpertAssignment {
        let choices = shape.configuration.choices
        switch shape.capacity {
        case .perSequence:
            let capacity = shape.configuration.expertCapacity
            return ExpertAssignment(probabilities, choices: choices, groups: sequences) { _ in capacity }
        case .factor(let factor):
            let groups = [0..<probabilities.rows]
            let experts = Double(probabilities.columns)
            return ExpertAssignment(probabilities, choices: choices, groups: groups) { group in
                Int((factor * Double(group.count * choices) / experts).rounded(.up))
            }
        }
    }

    /// Returns the gradient of the input.
    ///
    /// - Parameter gateGradients: of every choice of every row, `[rows · choices]`.
    func backward(_ gateGradients: [Float], _ kept: Kept, _ pass: Pass) -> FloatRows {
        let gradient = logitGradient(gateGradients, kept, pass)
        Weight(classifier).addGradient(gradient, input: kept.input, pass)
        if let bias, bias.isLearnt {
            for row in 0..<gradient.rows { bias.view(in: pass.gradients).addRow(0, gradient, row: row, scale: 1) }
        }
        let inputGradient = Weight(classifier).inputGradient(gradient, pass)
        inputGradient.jitter(range: pass.regularization.jitter, key: kept.jitterKey)
        return inputGradient
    }

    /// Through the gates, the balance loss and the z-loss.
    private func logitGradient(_ gateGradients: [Float], _ kept: Kept, _ pass: Pass) -> FloatRows {
        let (regularization, probabilities) = (pass.regularization, kept.probabilities)
        let gradient = pass.arena.zeros(probabilities.rows, probabilities.columns)
        var gateGradients = gateGradients
        regularization.balanceLoss.addGradient(
            times: Double(regularization.balance) * pass.balance.share,
            pass.balance.sums[kept.place],
            kept.assignment,
            toGates: &gateGradients,
            andProbabilities: gradient
        )
        kept.assignment.addGateGradients(gateGradients, probabilities, to: gradient)
        gradient.softmaxGradient(probabilities)
        let rows = Double(max(probabilities.rows, 1))
        let z = 2 * Double(regularization.routerZ) * pass.routerLossShare / rows
        guard z > 0 else { return gradient }
        for row in 0..<probabilities.rows {
            let scale = Float(z * Double(kept.logits.logSum(row: row)))
            gradient.addRow(row, probabilities, row: row, scale: scale)
        }
        return gradient
    }
}
