import CAllocationCounter
import Foundation
import Generation
import Ranks
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

    @Test(.enabled(if: isTelling), arguments: [ExpertSpread.Runners.first, .all], [WeightPrecision.float32, .int8])
    func norDoesOneOfARankAmongOthers(runners: ExpertSpread.Runners, precision: WeightPrecision) throws {
        let directory = try #require(Reference.directories.first)
        var made: ExpertSpread?
        let model = try Reference.model(in: directory, precision) { context in
            let configuration = context.configuration
            made = ExpertSpread(
                Partner(columns: configuration.modelWidth, calls: runners == .all),
                running: runners,
                ExpertPlacement(layers: configuration.sparseLayers, experts: configuration.experts, ranks: 2),
                RankPatience(timeout: .seconds(10)),
                configuration,
                precision
            )
            context.spread = made
        }
        let spread = try #require(made)
        #expect(try allocations(model) == 0)
        #expect(model.fault == nil && spread.counts.remoteRows > 0 && spread.counts.localRows > 0)
    }
}

/// Rank 1 of two as rank 0 sees it, which answers rows at once, with zeros, and asks for nothing.
private final class Partner: Ranks {
    let (rank, count, countHere, rankHere) = (0, 2, 2, 0)
    private let columns: Int
    private let calls: Bool
    private var hasCalled = false
    private var rows = 0

    init(columns: Int, calls: Bool) { (self.columns, self.calls) = (columns, calls) }

    func beginSend(_ message: RankMessage, to rank: Int) {
        // Slots, flags, layer, number of runs; of each run its expert and rows.
        let bytes = message.bytes
        func number(_ index: Int) -> Int { Int(bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)) }
        rows = 0
        for run in 0..<number(3) { rows += number(5 + 2 * run) }
        hasCalled = calls
    }

    func isSent(to rank: Int) -> Bool { true }

    func receive(into message: RankMessage, from rank: Int) -> Bool {
        message.removeAll()
        if hasCalled {
            for _ in 0..<4 { message.append(0) }
            hasCalled = false
        } else {
            message.append(bytes: rows * columns * MemoryLayout<Float>.size) { bytes in
                for index in bytes.indices { bytes[index] = 0 }
            }
        }
        return true
    }

    func leave() {}
}
