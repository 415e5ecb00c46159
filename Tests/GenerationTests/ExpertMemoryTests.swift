import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// Experts that do not all fit in memory give the same answers, to the bit.
@Suite struct ExpertMemoryTests {
    private static let prompts: [[Int32]] = [
        [5, 9, 11, 7, 20, 3, 8, 14, 1], (0..<40).map { Int32(3 + $0 * 7 % 30) }, [30, 2, 2, 17, 6, 1],
    ]

    /// Scores of some steps of all prompts together.
    private func scores(_ model: SwitchTransformer) -> [Float] {
        let prompts = Self.prompts.map { EncodingPrompt(tokens: $0, slots: 1, capacity: 16) }
        let states = model.read(prompts).prompts.map(\.state)
        var found: [Float] = []
        for step in 0..<10 {
            let batch = states.enumerated().map { index, state in
                StepBatch(state: state, rows: [StepRow(slot: 0, token: Int32((step * 5 + index * 3) % 30 + 2))])
            }
            let scores = model.step(batch)
            for row in batch.indices { found += scores.elements(row: row) }
        }
        return found
    }

    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func anyBudgetGivesTheSameBits(directory: URL, precision: WeightPrecision) throws {
        let whole = try Reference.model(in: directory, precision)
        let (resident, hasExperts) = (scores(whole), whole.configuration.expertParameterCount > 0)
        for budget in [1, 20_000, 1 << 30] {
            let memory = ExpertMemory(budget: budget)
            #expect(scores(try Reference.model(in: directory, precision) { $0.expertMemory = memory }) == resident)
            let counts = memory.counts
            #expect((counts.misses > 0) == hasExperts && (counts.bytesRead > 0) == hasExperts)
        }
    }

    /// Some of the two are there and some are brought in, and each first of the two may be.
    @Test func anyBudgetGivesTheSameBitsWhereTokensGoToTwoExperts() throws {
        let directory = try #require(Reference.directories.first)
        let resident = scores(try Reference.model(in: directory) { $0.configuration.choices = 2 })
        #expect(resident != scores(try Reference.model(in: directory)))
        for budget in [1, 20_000, 1 << 30] {
            let shelved = try Reference.model(in: directory) {
                $0.configuration.choices = 2
                $0.expertMemory = ExpertMemory(budget: budget)
            }
            #expect(scores(shelved) == resident)
        }
    }

    @Test func aBudgetForOneExpertKeepsOne() throws {
        let memory = ExpertMemory(budget: 1)
        let directory = try #require(Reference.directories.first)
        let model = try Reference.model(in: directory, .float32) { $0.expertMemory = memory }
        _ = scores(model)
        let one = memory.counts.residentBytes
        _ = scores(model)
        #expect(memory.counts.residentBytes == one)
        let three = ExpertMemory(budget: 3 * one)
        _ = scores(try Reference.model(in: directory, .float32) { $0.expertMemory = three })
        #expect(three.counts.residentBytes == 3 * one)
        #expect(three.counts.misses < memory.counts.misses)
    }

    @Test func whatFitsIsReadOnce() throws {
        let memory = ExpertMemory(budget: 1 << 30)
        let directory = try #require(Reference.directories.first)
        let model = try Reference.model(in: directory, .float32) { $0.expertMemory = memory }
        _ = scores(model)
        let first = memory.counts
        _ = scores(model)
        #expect(memory.counts.misses == first.misses)
        #expect(memory.counts.hits > first.hits)
    }
}
