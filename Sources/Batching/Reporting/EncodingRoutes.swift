import Generation
import SwitchModel

/// Where the tokens of one request went in the pass that read them.
struct EncodingRoutes {
    /// The prompt's, in the encoder; in the decoder of a language model.
    let ofPrompt: [TokenRoute]
    /// The decoder's for each token of the output that is told by what was read: by the token before it.
    let ofOutput: [[TokenRoute]]

    /// - Parameter plans: of the whole pass.
    init<State>(
        _ request: GenerationRequest,
        _ encoded: EncodedPrompt<State>,
        _ plans: [RoutingPlan],
        _ reporter: RoutingReporter
    ) {
        func routes(_ rows: Range<Int>, in stack: Stack) -> [[TokenRoute]] {
            let plans = plans.filter { $0.stack == stack }
            return rows.enumerated().map { reporter.routes(of: $1, position: $0, in: plans) }
        }
        let read = encoded.decoderRows
        let prompt =
            encoded.encoderRows.isEmpty
            ? routes(read.prefix(request.prompt.count), in: .decoder) : routes(encoded.encoderRows, in: .encoder)
        ofPrompt = prompt.flatMap { $0 }
        ofOutput = routes(read.suffix(request.decoderPrompt.count + 1), in: .decoder)
    }
}
