import Tensors
import Testing

@testable import SwitchModel

@Suite struct RoutingPlanTests {
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

    @Test func tokensGoToTheirMostProbableExpert() {
        let plan = RoutingPlan(probabilities: probabilities, sequences: [0..<4], capacity: 4)
        #expect(plan.experts == [0, 1, 0, 0])
        #expect(plan.gates == [0.9, 0.8, 0.6, 0.7])
        #expect(plan.droppedRows.isEmpty)
    }

    @Test func tiesGoToTheLowerExpert() {
        let even = Matrix(rows: 1, columns: 3, elements: [0.2, 0.4, 0.4])
        #expect(RoutingPlan(probabilities: even, sequences: [0..<1], capacity: 1).experts == [1])
    }

    @Test func tokensPastCapacityAreDroppedInOrder() {
        let plan = RoutingPlan(probabilities: probabilities, sequences: [0..<4], capacity: 2)
        #expect(plan.droppedRows == [3])
    }

    @Test func capacityIsCountedWithinASequence() {
        let plan = RoutingPlan(probabilities: probabilities, sequences: [0..<3, 3..<4], capacity: 2)
        #expect(plan.droppedRows.isEmpty)
        #expect(
            RoutingPlan(probabilities: probabilities, sequences: [0..<3, 3..<4], capacity: 1).droppedRows == [2]
        )
    }

    @Test func rowsAreSortedByExpertAndKeepTheirOrder() {
        let plan = RoutingPlan(probabilities: probabilities, sequences: [0..<4], capacity: 2)
        let (rows, segments) = plan.rowsByExpert()
        #expect(rows == [0, 2, 1])
        #expect(segments == [ExpertSegment(expert: 0, rows: 0..<2), ExpertSegment(expert: 1, rows: 2..<3)])
    }

    @Test func anExpertNobodyChoseHasNoSegment() {
        let one = Matrix(rows: 1, columns: 3, elements: [0.1, 0.1, 0.8])
        #expect(
            RoutingPlan(probabilities: one, sequences: [0..<1], capacity: 1).rowsByExpert().segments
                == [ExpertSegment(expert: 2, rows: 0..<1)]
        )
    }

    @Test func theEntropyOfAnEvenRouterIsTheLogarithmOfItsExperts() {
        let even = Matrix(rows: 2, columns: 4, elements: Array(repeating: 0.25, count: 8))
        let plan = RoutingPlan(probabilities: even, sequences: [0..<2], capacity: 9)
        #expect(abs(plan.entropySum - 2 * 1.386_294_361) < 1e-5)
    }
}
