import Tensors
import Testing

@testable import SwitchModel

@Suite struct RoutingPlanTests {
    /// Rows 2 and 3 follow rows 0 and 1 and take nothing from row 4, which follows them, too.
    @Test func continuationsFindWhatTheirStartLeavesOfACapacity() {
        let same = Matrix(rows: 5, columns: 2, elements: Array(repeating: [0.9, 0.1], count: 5).flatMap { $0 })
        func dropped(_ capacity: Int) -> [Int] {
            let continuations: [RoutingPlan.Continuation] = [.init(2..<4, after: 0..<2), .init(4..<5, after: 0..<2)]
            let plan = self.plan(same, .sequences([0..<2], continuations: continuations), capacity: capacity)
            return plan.isDropped.indices.filter { plan.isDropped[$0] }
        }
        #expect(dropped(1) == [1, 2, 3, 4])
        #expect(dropped(2) == [2, 3, 4])
        #expect(dropped(3) == [3])
        #expect(dropped(4) == [])
    }

    private let probabilities = Matrix(
        rows: 4,
        columns: 2,
        elements: [
            0.9, 0.1,
            0.2, 0.8,
            0.6, 0.4,
            0.7, 0.3,
        ]
    )

    private func plan(
        _ probabilities: Matrix,
        _ sharing: RoutingPlan.Sharing,
        capacity: Int,
        choices: Int = 1
    ) -> RoutingPlan {
        var plan = RoutingPlan(stack: .encoder, block: 1, expertCount: probabilities.columns, choices: choices)
        plan.fill(probabilities, sharing, capacity: capacity)
        return plan
    }

    private func order(_ plan: RoutingPlan) -> ExpertOrder {
        var order = ExpertOrder()
        order.fill(plan)
        return order
    }

    private func dropped(_ plan: RoutingPlan) -> [Int] { plan.isDropped.indices.filter { plan.isDropped[$0] } }

    @Test func tokensGoToTheirMostProbableExpert() {
        let plan = self.plan(probabilities, .sequences([0..<4]), capacity: 4)
        #expect(plan.experts == [0, 1, 0, 0])
        #expect(plan.gates == [0.9, 0.8, 0.6, 0.7])
        #expect(dropped(plan).isEmpty)
    }

    @Test func tiesGoToTheLowerExpert() {
        let even = Matrix(rows: 1, columns: 3, elements: [0.2, 0.4, 0.4])
        #expect(plan(even, .sequences([0..<1]), capacity: 1).experts == [1])
    }

    @Test func tokensPastCapacityAreDroppedInOrder() {
        let plan = self.plan(probabilities, .sequences([0..<4]), capacity: 2)
        #expect(dropped(plan) == [3])
    }

    @Test func capacityIsCountedWithinASequence() {
        let plan = self.plan(probabilities, .sequences([0..<3, 3..<4]), capacity: 2)
        #expect(dropped(plan).isEmpty)
        #expect(dropped(self.plan(probabilities, .sequences([0..<3, 3..<4]), capacity: 1)) == [2])
        #expect(dropped(self.plan(probabilities, .none, capacity: 1)).isEmpty)
    }

    @Test func aPlanIsRefilled() {
        var refilled = plan(probabilities, .sequences([0..<4]), capacity: 1)
        refilled.fill(probabilities, .sequences([0..<4]), capacity: 2)
        #expect(refilled == plan(probabilities, .sequences([0..<4]), capacity: 2))
    }

    @Test func rowsAreSortedByExpertAndKeepTheirOrder() {
        let plan = self.plan(probabilities, .sequences([0..<4]), capacity: 2)
        let order = order(plan)
        #expect(order.places == [0, 2, 1])
        #expect(order.segments == [.init(expert: 0, rows: 0..<2), .init(expert: 1, rows: 2..<3)])
    }

    @Test func theExpertWithMostRowsIsFirst() {
        let late = Matrix(rows: 3, columns: 2, elements: [0.1, 0.9, 0.8, 0.2, 0.3, 0.7])
        let order = order(plan(late, .none, capacity: 1))
        #expect(order.places == [1, 0, 2])
        #expect(order.segments == [.init(expert: 1, rows: 1..<3), .init(expert: 0, rows: 0..<1)])
    }

    @Test func anExpertNobodyChoseHasNoSegment() {
        let one = Matrix(rows: 1, columns: 3, elements: [0.1, 0.1, 0.8])
        #expect(order(plan(one, .none, capacity: 1)).segments == [.init(expert: 2, rows: 0..<1)])
    }

    @Test func theEntropyOfAnEvenRouterIsTheLogarithmOfItsExperts() {
        let even = Matrix(rows: 2, columns: 4, elements: Array(repeating: 0.25, count: 8))
        let plan = self.plan(even, .sequences([0..<2]), capacity: 9)
        #expect(abs(plan.entropySum - 2 * 1.386_294_361) < 1e-5)
        #expect(plan.topProbabilitySum == 0.5)
        let twice = self.plan(even, .sequences([0..<2]), capacity: 9, choices: 2)
        #expect(twice.entropySum == plan.entropySum && twice.topProbabilitySum == 0.5)
    }

    private let three = Matrix(
        rows: 4,
        columns: 3,
        elements: [
            0.5, 0.125, 0.375,
            0.25, 0.25, 0.5,
            0.5, 0.25, 0.25,
            0.25, 0.625, 0.125,
        ]
    )

    @Test func twoChoicesShareWhatTheyHaveTogether() {
        let plan = self.plan(three, .none, capacity: 1, choices: 2)
        #expect(plan.rows == 4)
        #expect(plan.experts == [0, 2, 2, 0, 0, 1, 1, 0])
        let shares: [(Float, Float)] = [(4, 7), (3, 7), (2, 3), (1, 3), (2, 3), (1, 3), (5, 7), (2, 7)]
        #expect(plan.gates == shares.map { $0 / $1 })
        #expect(dropped(plan).isEmpty)
    }

    @Test func firstChoicesOfASequenceAreTakenBeforeSecondOnes() {
        // Of expert 0: the first choices of rows 0 and 2, then the second ones of rows 1 and 3.
        #expect(dropped(plan(three, .sequences([0..<4]), capacity: 3, choices: 2)) == [7])
        #expect(dropped(plan(three, .sequences([0..<4]), capacity: 2, choices: 2)) == [3, 7])
        #expect(dropped(plan(three, .sequences([0..<4]), capacity: 1, choices: 2)) == [1, 3, 4, 5, 7])
        // A sequence's own.
        #expect(dropped(plan(three, .sequences([0..<2, 2..<4]), capacity: 1, choices: 2)) == [1, 3, 5, 7])
    }

    @Test func asManyChoicesAsExpertsAreAllOfThem() {
        let plan = self.plan(three, .none, capacity: 1, choices: 3)
        #expect(plan.experts == [0, 2, 1, 2, 0, 1, 0, 1, 2, 1, 0, 2])
        #expect(plan.gates[0..<3] == [0.5, 0.375, 0.125])
    }

    @Test func whatIsNotANumberIsStillRouted() {
        let broken = Matrix(rows: 1, columns: 3, elements: [.nan, .nan, .nan])
        #expect(plan(broken, .sequences([0..<1]), capacity: 1, choices: 2).experts == [0, 1])
    }

    @Test func choicesAreSortedByExpertWithTheirPlaces() {
        let order = order(plan(three, .sequences([0..<4]), capacity: 2, choices: 2))
        #expect(order.choices == 2)
        #expect(order.places == [0, 4, 5, 6, 1, 2])
        #expect(
            order.segments == [
                .init(expert: 0, rows: 0..<2), .init(expert: 1, rows: 2..<4), .init(expert: 2, rows: 4..<6),
            ]
        )
    }

    @Test func aPassWithoutRowsRoutesNone() {
        var log = RoutingLog()
        func record() {
            log.record(RoutingPlan(stack: .decoder, block: 1, expertCount: 2)) { plan in
                plan.fill(probabilities, .none, capacity: 1)
            }
        }
        record()
        log.rewind()
        #expect(log.plans.map(\.rows) == [0])
        #expect(log.plans[0].topProbabilitySum == 0)
        record()
        #expect(log.plans.map(\.rows) == [4])
    }
}
