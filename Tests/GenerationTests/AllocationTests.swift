import CAllocationCounter
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// A steady decode loop asks for no memory.
@Suite struct AllocationTests {
    /// Requests for memory that this thread makes in 40 steps of six greedy requests, after as many to warm up.
    private func allocations(_ model: SwitchTransformer, forced: [Int32] = []) throws -> Int64 {
        let steps = 40
        var request = GenerationRequest(
            prompt: [5, 9, 11, 7],
            stop: StopCondition(maximumTokens: 2 * steps + 8, endTokens: [])
        )
        request.decoderPrompt = forced
        let prompts = model.read(Array(repeating: request.encodingPrompt, count: 6)).prompts
        let states = prompts.map(\.state)
        let start = model.start(after: request.prompt)
        var searches = prompts.map { DecodingSearch(request, start: start, read: $0.decoderRows.count) }
        var stepped = searches.indices.map { searches[$0].begin() }
        var batch: [StepBatch<DecoderState>] = []
        var routing = RoutingLog()
        func run(_ steps: Int) throws {
            for _ in 0..<steps {
                batch.removeAll(keepingCapacity: true)
                for index in states.indices {
                    batch.append(StepBatch(state: states[index], rows: stepped[index].rows))
                }
                model.beginTurn(isDecoding: true, nil, layers: 0)
                let scores = model.step(batch, &routing)
                model.endTurn()
                batch.removeAll(keepingCapacity: true)
                for index in searches.indices {
                    try searches[index].advance(scores, firstRow: index, into: &stepped[index])
                }
            }
        }
        try run(steps)
        let before = cac_allocations()
        try run(steps)
        // Kept until here: caches given back are no part of a step.
        return withExtendedLifetime(states) { cac_allocations() - before }
    }

    /// Unoptimised code boxes what generics hand on, so only an optimised build tells.
    private static var isTelling: Bool {
        var isOptimized = true
        assert(
            {
                isOptimized = false; return true
            }()
        )
        return isOptimized && cac_allocations() >= 0
    }

    @Test(.enabled(if: isTelling), arguments: WeightPrecision.allCases, [1, 2])
    func aSteadyDecodeLoopAsksForNoMemory(precision: WeightPrecision, choices: Int) throws {
        let directory = try #require(Reference.directories.first)
        // Blocks of the pool are taken every 16 positions; they are handed out, not allocated.
        let model = try Reference.model(in: directory, precision) { $0.configuration.choices = choices }
        #expect(try allocations(model) == 0)
    }

    @Test(.enabled(if: isTelling), arguments: [WeightPrecision.int4, .int3, .int2])
    func norDoesOneWithExpertsOfFewerBits(experts: WeightPrecision) throws {
        let directory = try #require(Reference.directories.first)
        #expect(try allocations(Reference.model(in: directory, .int8) { $0.expertPrecision = experts }) == 0)
    }

    @Test(.enabled(if: isTelling)) func norDoesOneAfterForcedTokens() throws {
        let directory = try #require(Reference.directories.first)
        #expect(try allocations(Reference.model(in: directory), forced: [5, 9, 3]) == 0)
    }
}
