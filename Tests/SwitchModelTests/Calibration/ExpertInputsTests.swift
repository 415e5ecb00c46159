import Checkpoints
import Tensors
import TestSupport
import Testing

@testable import SwitchModel

/// What reaches experts, and what their weights become when they are rounded for it.
@Suite struct ExpertInputsTests {
    private static let (model, inner, experts) = (64, 96, 4)

    /// Rows that go to experts by `choices`, each of which takes two of a sequence.
    private func plan(_ rows: [[Int]], capacity: Int = 100) -> RoutingPlan {
        let choices = rows[0].count
        var plan = RoutingPlan(stack: .decoder, block: 3, expertCount: Self.experts, choices: choices)
        let probabilities = Matrix(
            rows: rows.count,
            columns: Self.experts,
            elements: rows.flatMap { row in
                (0..<Self.experts).map { expert in row.firstIndex(of: expert).map { 0.5 / Float($0 + 1) } ?? 0.01 }
            }
        )
        plan.fill(probabilities, .sequences([0..<rows.count]), capacity: capacity)
        return plan
    }

    private func rows(_ count: Int, first: Float = 0) -> Matrix {
        Matrix(
            rows: count,
            columns: Self.model,
            elements: (0..<count).flatMap { row in (0..<Self.model).map { _ in first + Float(row) } }
        )
    }

    @Test func rowsAreKeptByExpertWithoutDroppedOnes() throws {
        let inputs = ExpertInputs(width: Self.model, byteLimit: 1 << 20)
        inputs.add(plan([[1], [1], [2], [1]], capacity: 2), rows(4))
        inputs.add(plan([[0], [1]]), rows(2, first: 10))
        let layer = try #require(inputs.layer(.decoder, block: 3))
        func values(_ matrix: Matrix?) -> [Float]? {
            matrix.map { matrix in (0..<matrix.rows).map { matrix.elements[$0 * Self.model] } }
        }
        #expect(values(layer.own(0)) == [10])
        #expect(values(layer.own(1)) == [0, 1, 11])
        #expect(values(layer.own(2)) == [2])
        #expect(values(layer.own(3)) == nil)
        #expect(values(layer.sample) == [0, 1, 2, 10, 11])
        #expect(inputs.layer(.encoder, block: 3) == nil)
        #expect(inputs.rows == 5)
    }

    @Test func aRowThatGoesToTwoExpertsIsBothOnes() throws {
        let inputs = ExpertInputs(width: Self.model, byteLimit: 1 << 20)
        inputs.add(plan([[1, 2], [2, 0]]), rows(2))
        let layer = try #require(inputs.layer(.decoder, block: 3))
        #expect([0, 1, 2, 3].map { layer.own($0)?.rows ?? 0 } == [1, 1, 2, 0])
        #expect(layer.sample.rows == 2)
    }

    @Test func noMoreAreTakenInThanTheLimit() throws {
        let inputs = ExpertInputs(width: Self.model, byteLimit: Self.model * 4 * 3)
        for _ in 0..<5 { inputs.add(plan([[1], [2]]), rows(2)) }
        #expect(inputs.isFull && inputs.rows == 4)
    }

    @Test func theSampleIsEvenlyApart() throws {
        let inputs = ExpertInputs(width: Self.model, byteLimit: 1 << 30)
        inputs.add(plan(Array(repeating: [0], count: 1000), capacity: 1000), rows(1000))
        let sample = try #require(inputs.layer(.decoder, block: 3)).sample
        #expect(sample.rows == 256)
        let first = (0..<256).map { sample.elements[$0 * Self.model] }
        #expect(first == (0..<256).map { Float($0 * 1000 / 256) })
    }

    // MARK: - Rounding

    private func weights(_ kind: FeedForwardKind) -> InMemoryWeights {
        var (weights, random) = (InMemoryWeights(), SplitMix(state: 8))
        func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.below(2001)) / 1000 - 1 } }
        for name in kind.innerNames {
            weights.set("\(name).weight", [Self.inner, Self.model], values(Self.inner * Self.model))
        }
        // Columns that are balanced at load.
        var output = values(Self.inner * Self.model)
        for index in output.indices where index % Self.inner % 7 == 0 { output[index] *= 512 }
        weights.set("wo.weight", [Self.model, Self.inner], output)
        return weights
    }

    private func load(
        _ kind: FeedForwardKind,
        _ inputs: (own: Matrix, sample: Matrix)?,
        _ precision: WeightPrecision
    ) throws -> DenseFeedForward {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.modelWidth, configuration.feedForwardWidth) = (Self.model, Self.inner)
        configuration.feedForward = kind
        let context = LoadingContext(
            configuration: configuration,
            precision: precision,
            workers: Workers(threads: 2),
            reach: 1
        )
        return try DenseFeedForward.Source(WeightScope(root: weights(kind)), context).load(context, roundedFor: inputs)
    }

    private func drawn(_ count: Int, seed: UInt64) -> Matrix {
        var random = SplitMix(state: seed)
        let mixtures = (0..<8).map { _ in (0..<Self.model).map { _ in Float(random.below(2001)) / 1000 - 1 } }
        return Matrix(
            rows: count,
            columns: Self.model,
            elements: (0..<count).flatMap { _ in
                let shares = mixtures.map { _ in Float(random.below(2001)) / 1000 - 1 }
                return (0..<Self.model).map { column in
                    zip(shares, mixtures).reduce(Float(random.below(201)) / 1000) { $0 + $1.0 * $1.1[column] }
                }
            }
        )
    }

    private func answers(_ expert: DenseFeedForward, to rows: Matrix) -> [Float] {
        let workspace = Workspace(workers: Workers(threads: 2), keyValuePrecision: .float32)
        workspace.input.load(rows, as: expert.inner.precision, on: workspace.workers)
        let output = Matrix(rows: rows.rows, columns: Self.model)
        output.clear()
        expert(addingTo: output, workspace)
        return output.elements
    }

    /// Both matrices are rounded for what reaches them, behind whatever stands between them and however they are balanced.
    @Test(arguments: ["relu", "gated-gelu", "gelu"], [WeightPrecision.int3, .int2])
    func anExpertErrsLessOnWhatItIsSent(name: String, precision: WeightPrecision) throws {
        let kind = try #require(FeedForwardKind(named: name))
        let all = drawn(600, seed: 1)
        let others = Matrix(rows: 100, columns: Self.model, elements: Array(all.elements.suffix(100 * Self.model)))
        let own = Matrix(rows: 500, columns: Self.model, elements: Array(all.elements.prefix(500 * Self.model)))
        let expected = answers(try load(kind, nil, .float32), to: others)
        func error(_ inputs: (own: Matrix, sample: Matrix)?) throws -> Double {
            zip(answers(try load(kind, inputs, precision), to: others), expected).reduce(0.0) {
                $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
            }
        }
        let (plain, calibrated) = (try error(nil), try error((own, own)))
        #expect(calibrated < 0.6 * plain, "\(calibrated) and \(plain)")
    }

    @Test func eightBitsAreRoundedAsEver() throws {
        let (kind, own) = (FeedForwardKind(), drawn(50, seed: 2))
        let (plain, calibrated) = (try load(kind, nil, .int8), try load(kind, (own, own), .int8))
        #expect(plain.inner.withPackedBytes { $0.elementsEqual(calibrated.inner.withPackedBytes { Array($0) }) })
    }
}
