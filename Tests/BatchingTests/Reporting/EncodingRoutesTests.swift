import Generation
import SwitchModel
import Telemetry
import Tensors
import Testing

@testable import Batching

/// Rows of one pass belong to several requests, and those of both stacks are counted apart.
@Suite struct EncodingRoutesTests {
    /// Row `i` goes to expert `(first + i) % 4`.
    private func plan(_ stack: Stack, block: Int, rows: Int, first: Int) -> RoutingPlan {
        var plan = RoutingPlan(stack: stack, block: block, expertCount: 4)
        let elements = (0..<rows).flatMap { row in (0..<4).map { Float($0 == (first + row) % 4 ? 0.7 : 0.1) } }
        plan.fill(Matrix(rows: rows, columns: 4, elements: elements), .none, capacity: 1)
        return plan
    }

    private func request(prompt: Int, forced: Int) -> GenerationRequest {
        var request = GenerationRequest(
            prompt: Array(repeating: 2, count: prompt),
            stop: StopCondition(maximumTokens: 1, endTokens: [])
        )
        request.decoderPrompt = Array(repeating: 3, count: forced)
        return request
    }

    private func routes(
        _ request: GenerationRequest,
        encoder: Range<Int>,
        decoder: Range<Int>,
        _ plans: [RoutingPlan]
    ) -> EncodingRoutes {
        let encoded = EncodedPrompt(.decoding(()), encoderRows: encoder, decoderRows: decoder)
        return EncodingRoutes(request, encoded, plans, RoutingReporter(ExpertLoad(layers: [])))
    }

    private func expected(_ experts: [Int], block: Int, from position: Int = 0) -> [TokenRoute] {
        experts.enumerated().map {
            TokenRoute(position: position + $0, block: block, expert: $1, gate: 0.7, isDropped: false)
        }
    }

    @Test func promptsWentThroughTheEncoderAndForcedTokensThroughTheDecoder() {
        let plans = [plan(.encoder, block: 1, rows: 9, first: 0), plan(.decoder, block: 3, rows: 7, first: 2)]
        let found = routes(request(prompt: 3, forced: 2), encoder: 6..<9, decoder: 4..<7, plans)
        #expect(found.ofPrompt == expected([2, 3, 0], block: 1))
        // The first is told by the start token.
        #expect(found.ofOutput.flatMap { $0 } == expected([2, 3, 0], block: 3))
    }

    @Test func withoutForcedTokensNothingOfTheOutputWasRead() {
        let plans = [plan(.encoder, block: 1, rows: 9, first: 0), plan(.decoder, block: 3, rows: 7, first: 2)]
        let found = routes(request(prompt: 3, forced: 0), encoder: 0..<3, decoder: 0..<0, plans)
        #expect(found.ofPrompt.count == 3 && found.ofOutput.isEmpty)
        let dense = routes(request(prompt: 3, forced: 2), encoder: 0..<3, decoder: 0..<3, [plans[1]])
        #expect(dense.ofPrompt.isEmpty && dense.ofOutput.count == 3)
    }

    @Test func aLanguageModelsPromptWentThroughTheDecoder() {
        let plans = [plan(.decoder, block: 0, rows: 9, first: 0)]
        let found = routes(request(prompt: 3, forced: 2), encoder: 0..<0, decoder: 4..<9, plans)
        #expect(found.ofPrompt == expected([0, 1, 2], block: 0))
        // The last token of the prompt tells of the first one after it.
        #expect(found.ofOutput.flatMap { $0 } == expected([2, 3, 0], block: 0))
    }
}
