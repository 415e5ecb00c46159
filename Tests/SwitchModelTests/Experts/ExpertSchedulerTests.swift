import Checkpoints
import Tensors
import TestSupport
import Testing

@testable import SwitchModel

/// Running a plan against its definition: gate times expert, added up over the choices of a row.
@Suite struct ExpertSchedulerTests {
    private static let (model, inner, experts) = (256, 4, 5)
    /// Enough for several tiles of rows, so that threads meet.
    private static let rows = 150

    private struct Draw {
        private var state: UInt64
        init(seed: UInt64) { state = seed }

        /// From -1 to 1.
        mutating func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 23) - 1
        }

        mutating func values(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
    }

    private let weights: InMemoryWeights
    private let input: [Float]
    private let hidden: [Float]
    private let probabilities: Matrix

    init() {
        var draw = Draw(seed: 7)
        var weights = InMemoryWeights()
        for expert in 0..<Self.experts {
            let name = "experts.expert_\(expert)"
            weights.set("\(name).wi.weight", [Self.inner, Self.model], draw.values(Self.inner * Self.model))
            weights.set("\(name).wo.weight", [Self.model, Self.inner], draw.values(Self.inner * Self.model))
        }
        self.weights = weights
        input = draw.values(Self.rows * Self.model)
        hidden = draw.values(Self.rows * Self.model)
        probabilities = Matrix(
            rows: Self.rows,
            columns: Self.experts,
            elements: draw.values(Self.rows * Self.experts).map { 2 + $0 }
        )
    }

    private func plan(choices: Int, capacity: Int) -> RoutingPlan {
        var plan = RoutingPlan(stack: .encoder, block: 0, expertCount: Self.experts, choices: choices)
        plan.fill(probabilities, .sequences([0..<50, 50..<Self.rows]), capacity: capacity)
        return plan
    }

    private func run(_ plan: RoutingPlan, _ memory: ExpertMemory? = nil) throws -> [Float] {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.modelWidth, configuration.feedForwardWidth) = (Self.model, Self.inner)
        (configuration.experts, configuration.choices) = (Self.experts, plan.choices)
        var context = LoadingContext(configuration: configuration, workers: Workers(threads: 2), reach: 1)
        context.expertMemory = memory
        let scheduler = try ExpertScheduler(WeightScope(root: weights)["experts"], context)
        let workspace = Workspace(workers: context.workers, keyValuePrecision: .float32)
        let hidden = Matrix(rows: Self.rows, columns: Self.model, elements: self.hidden)
        let input = Matrix(rows: Self.rows, columns: Self.model, elements: self.input)
        workspace.input.load(input, as: .float32, on: context.workers)
        // Twice, so that what is left from the first time would be seen.
        scheduler.run(plan, addingTo: Matrix(rows: Self.rows, columns: Self.model, elements: self.hidden), workspace)
        scheduler.run(plan, addingTo: hidden, workspace)
        return hidden.elements
    }

    private func expected(_ plan: RoutingPlan) throws -> [Double] {
        let weights = try (0..<Self.experts).map { expert in
            try ["wi", "wo"].map { name in
                try self.weights.tensor(named: "experts.expert_\(expert).\(name).weight").floats().map(Double.init)
            }
        }
        var result = hidden.map(Double.init)
        for place in plan.experts.indices where !plan.isDropped[place] {
            let row = place / plan.choices * Self.model
            let (wi, wo) = (weights[Int(plan.experts[place])][0], weights[Int(plan.experts[place])][1])
            let inner = (0..<Self.inner).map { unit in
                max(0, (0..<Self.model).reduce(0) { $0 + wi[unit * Self.model + $1] * Double(input[row + $1]) })
            }
            for column in 0..<Self.model {
                let sum = inner.indices.reduce(0) { $0 + inner[$1] * wo[column * Self.inner + $1] }
                result[row + column] += Double(plan.gates[place]) * sum
            }
        }
        return result
    }

    @Test(arguments: [1, 2, 3], [10, 1000])
    func everyChoiceIsAddedToItsRow(choices: Int, capacity: Int) throws {
        let plan = self.plan(choices: choices, capacity: capacity)
        #expect(plan.isDropped.contains(true) == (capacity == 10))
        let found = try run(plan)
        let wanted = try expected(plan)
        #expect(zip(found, wanted).allSatisfy { abs(Double($0) - $1) < 1e-4 })
        // Whichever expert was there first.
        #expect(try run(plan, ExpertMemory(budget: 1)) == found)
    }

    @Test func droppedChoicesKeepTheirGateOfTheInput() {
        let plan = self.plan(choices: 2, capacity: 10)
        let sum = Matrix(rows: Self.rows, columns: Self.model, elements: hidden)
        let input = Matrix(rows: Self.rows, columns: Self.model, elements: self.input)
        sum.addRows(of: input, where: plan.isDropped, scales: plan.gates)
        for row in [0, 49, 50, Self.rows - 1] {
            let gates = (0..<2).map { plan.isDropped[row * 2 + $0] ? plan.gates[row * 2 + $0] : 0 }
            let element = row * Self.model + 3
            #expect(abs(sum.elements[element] - hidden[element] - (gates[0] + gates[1]) * self.input[element]) < 1e-5)
        }
    }
}
