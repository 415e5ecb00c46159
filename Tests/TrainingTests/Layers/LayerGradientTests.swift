import SwitchModel
import Tensors
import Testing

@testable import Training

/// Every layer's gradients against central differences of its definition in Double, within 1e-4 of their norm.
@Suite struct LayerGradientTests {
    private let sequences = LayerBench.sequences
    private let rows = 13
    private let width = 8

    @Test func ofRMSNorm() {
        var layer: NormLayer?
        let bench = LayerBench(LayerBench.shape) { layer = NormLayer("norm", &$0, LayerBench.shape) }
        guard let layer else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let c = bench.weights(rows: rows, columns: width)
        let output = layer.forward(x, bench.pass)
        let gradient = bench.pass.arena.zeros(rows, width)
        layer.backward(c, input: x, into: gradient, bench.pass)
        let wanted = bench.rowsOf(c)
        #expect(output.elements.allSatisfy { $0.isFinite })
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            bench.product(plain.norm(inputs["x"] ?? [], "norm"), wanted)
        }
    }

    @Test(arguments: SwitchConfiguration.Stack.allCases)
    func ofSelfAttention(stack: SwitchConfiguration.Stack) {
        var layer: SelfAttentionLayer?
        let bench = LayerBench(LayerBench.shape) {
            layer = SelfAttentionLayer("a", in: stack, isFirst: true, &$0, LayerBench.shape)
        }
        guard let layer, let bias = layer.bias else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let table = bias.table(reach: 7, bench.pass)
        let spans = sequences.map { AttentionSpan(queries: $0, keys: $0) }
        let (_, kept) = layer.forward(x, spans, bias: table, bench.pass)
        layer.backward(gradient, kept, bias: table, bench.pass)
        bias.addGradient(table, bench.pass)
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            bench.product(plain.selfAttention(inputs["x"] ?? [], "a", in: stack, sequences), wanted)
        }
    }

    @Test func ofCrossAttention() {
        var layer: CrossAttentionLayer?
        let bench = LayerBench(LayerBench.shape) { layer = CrossAttentionLayer("a", &$0, LayerBench.shape) }
        guard let layer else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let encoded = bench.input("encoded", rows: 9, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let spans = zip(sequences, [0..<3, 3..<8, 8..<9]).map { AttentionSpan(queries: $0, keys: $1) }
        let (_, kept) = layer.forward(x, encoded, spans, bench.pass)
        let encodedGradient = bench.pass.arena.zeros(9, width)
        layer.backward(gradient, kept, encodedGradient: encodedGradient, bench.pass)
        let views = spans.map { PlainLayers.View(queries: $0.queries, keys: $0.keys, isCausal: false, bias: nil) }
        bench.check(gradients: ["x": gradient, "encoded": encodedGradient]) { plain, inputs in
            bench.product(plain.crossAttention(inputs["x"] ?? [], inputs["encoded"] ?? [], "a", views), wanted)
        }
    }

    @Test(arguments: Activation.allCases, [false, true])
    func ofADenseFeedForwardLayer(activation: Activation, isGated: Bool) {
        var shape = LayerBench.shape
        shape.configuration.feedForward = FeedForwardKind(activation: activation, isGated: isGated)
        var layer: FeedForwardLayer?
        let bench = LayerBench(shape) { layer = FeedForwardLayer("f", in: .encoder, block: 0, &$0, shape) }
        guard let layer else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let (_, kept) = layer.forward(x, sequences, bench.pass)
        layer.backward(gradient, kept, bench.pass)
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            bench.product(plain.denseFeedForward(inputs["x"] ?? [], "f"), wanted)
        }
    }

    /// What is dropped between the products has no part in any gradient, whatever the activation.
    @Test(arguments: Activation.allCases, [false, true])
    func ofWhatIsDroppedInAFeedForwardLayer(activation: Activation, isGated: Bool) {
        var shape = LayerBench.shape
        shape.configuration.feedForward = FeedForwardKind(activation: activation, isGated: isGated)
        var layer: DenseFeedForwardLayer?
        let bench = LayerBench(shape) { layer = DenseFeedForwardLayer("f.mlp", &$0, shape) }
        guard let layer else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let mask = bench.pass.arena.rows(rows, shape.configuration.feedForwardWidth)
        mask.store(Array(repeating: 1, count: mask.count))
        mask.drop(rate: 0.4, key: 9)
        let kept = layer.forward(x, dropout: 0.4, key: 9, bench.pass).kept
        let inputGradient = layer.backward(gradient, kept, dropout: 0.4, bench.pass)
        let factors = bench.rowsOf(mask)
        bench.check(gradients: ["x": inputGradient]) { plain, inputs in
            bench.product(plain.expert(inputs["x"] ?? [], "f.mlp", factors), wanted)
        }
    }

    @Test func ofARouterWithABias() {
        var shape = LayerBench.shape
        (shape.initialization.router, shape.configuration.encoderSparseStep) = (2, 1)
        (shape.configuration.routerBias, shape.configuration.choices) = (true, 2)
        shape.configuration.feedForward = FeedForwardKind(activation: .geluTanh, isGated: true)
        var regularization = Regularization.none
        (regularization.balance, regularization.routerZ) = (0.3, 0.2)
        var layer: FeedForwardLayer?
        let bench = LayerBench(shape, regularization) {
            layer = FeedForwardLayer("f", in: .encoder, block: 0, &$0, shape)
        }
        guard let layer, let bias = bench.layout.parameters.first(where: { $0.name.hasSuffix("classifier.bias") })
        else {
            Issue.record("no bias")
            return
        }
        bench.pass.values[bias.range].store([0.3, -0.8, 0.6])
        let x = bench.input("x", rows: rows, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let (_, kept) = layer.forward(x, sequences, bench.pass)
        layer.backward(gradient, kept, bench.pass)
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            let (output, loss) = plain.sparseFeedForward(
                inputs["x"] ?? [],
                "f",
                groups: sequences,
                capacity: 2,
                regularization
            )
            return bench.product(output, wanted) + loss
        }
    }

    /// With tokens dropped, by sequence or by a factor, and both router losses.
    @Test(
        arguments: [ModelShape.Capacity.perSequence, .factor(0.8)],
        [(1, .switch), (1, .squared), (2, .switch), (2, .squared)] as [(choices: Int, balance: BalanceLoss)]
    )
    func ofASparseFeedForwardLayer(capacity: ModelShape.Capacity, router: (choices: Int, balance: BalanceLoss)) {
        var shape = LayerBench.shape
        (shape.capacity, shape.initialization.router) = (capacity, 2)
        (shape.configuration.choices, shape.configuration.encoderSparseStep) = (router.choices, 1)
        var regularization = Regularization.none
        regularization.balanceLoss = router.balance
        (regularization.balance, regularization.routerZ) = (0.3, 0.2)
        var layer: FeedForwardLayer?
        let bench = LayerBench(shape, regularization) {
            layer = FeedForwardLayer("f", in: .encoder, block: 0, &$0, shape)
        }
        guard let layer else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let gradient = bench.weights(rows: rows, columns: width)
        let wanted = bench.rowsOf(gradient)
        let (_, kept) = layer.forward(x, sequences, bench.pass)
        #expect(bench.pass.routing[0].dropped > 0)
        #expect(bench.pass.routing[0].tokens.filter { $0 > 0 }.count > 1)
        layer.backward(gradient, kept, bench.pass)
        let groups = capacity == .perSequence ? sequences : [0..<rows]
        let limit = capacity == .perSequence ? 2 : Int((0.8 * Double(rows * router.choices) / 3).rounded(.up))
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            let (output, loss) = plain.sparseFeedForward(
                inputs["x"] ?? [],
                "f",
                groups: groups,
                capacity: limit,
                regularization
            )
            return bench.product(output, wanted) + loss
        }
    }

    @Test func ofTheHeadAndTheLoss() {
        var regularization = Regularization.none
        regularization.labelSmoothing = 0.1
        var head: Weight?
        let bench = LayerBench(LayerBench.shape, regularization) {
            head = Weight($0.add("head", [11, 8], .head, deviation: 1))
        }
        guard let head else { return }
        let x = bench.input("x", rows: rows, columns: width)
        let labels: [Int32] = [1, 4, -1, 10, 0, 3, 3, 2, -1, 7, 6, 9, 5]
        let layer = LossHead(head, scale: 1)
        let (loss, gradient) = layer.lossAndGradient(x, labels, weight: 1 / 11, bench.pass)
        #expect(loss.labels == 11)
        bench.check(gradients: ["x": gradient]) { plain, inputs in
            let wanted = plain.loss(inputs["x"] ?? [], "head", labels, smoothing: 0.1)
            #expect(abs(loss.smoothed / 11 - wanted) < 1e-4)
            return wanted
        }
    }

    @Test func ofTheEmbeddingAreSumsOverItsTokens() {
        var layer: EmbeddingLayer?
        let bench = LayerBench(LayerBench.shape) {
            layer = EmbeddingLayer(weight: $0.add("e", [11, 8], .embedding, deviation: 1))
        }
        guard let layer else { return }
        let tokens: [Int32] = [3, 0, 3, 10]
        let gradient = bench.weights(rows: 4, columns: width)
        let wanted = bench.rowsOf(gradient)
        _ = layer.forward(tokens, bench.pass)
        layer.backward(gradient, tokens, bench.pass)
        bench.check(gradients: [:]) { plain, _ in
            let table = plain.matrix("e", columns: width)
            return bench.product(tokens.map { table[Int($0)] }, wanted)
        }
    }
}
