import Generation
import Tokenization

/// One choice while it grows: turns tokens into text and cuts it at stop strings.
///
/// The parts it hands out, joined with `CompletionChoice.append`, are the whole choice.
struct ChoiceProgress: Sendable {
    private let output: OutputOptions
    private let prompt: CompletionParameters.Prompt
    private let texts: TokenText
    private var detokenizer: StreamingDetokenizer?
    private var filter: StopStringFilter
    private var textOffset = 0
    private var tokenCount = 0
    private var decoderRoutes: [TokenRoute] = []
    /// What was not handed out yet.
    private var pending: CompletionChoice

    init(index: Int, prompt: CompletionParameters.Prompt, output: OutputOptions, tokenizer: (any Tokenizer)?) {
        (self.output, self.prompt) = (output, prompt)
        texts = TokenText(tokenizer: tokenizer, showsIDs: output.showsTokensAsIDs)
        detokenizer = tokenizer.map {
            StreamingDetokenizer(
                $0,
                skippingSpecialTokens: output.skipsSpecialTokens,
                continuesText: prompt.isContinued && !output.scoresPrompt
            )
        }
        filter = StopStringFilter(output.stops, includesStop: output.includesStop)
        pending = CompletionChoice(index: index)
        if output.returnsTokenIDs { pending.promptTokenIDs = prompt.tokens }
        if output.scoresPrompt, let first = prompt.tokens.first {
            var logprobs = Logprobs()
            logprobs.append(first: first, texts: texts, offset: &textOffset)
            pending.logprobs = logprobs
            pending.text = detokenizer?.append(first) ?? ""
        } else if output.echoesPrompt {
            pending.text = prompt.text
        }
    }

    /// Tokens of the prompt that the model tells of before any others.
    private var scoredTokens: Int { output.scoresPrompt ? prompt.tokens.count - 1 : 0 }

    /// The next token is the prompt's own.
    var isScoringPrompt: Bool { tokenCount < scoredTokens }

    /// Takes the next token.
    ///
    /// Returns the part that is ready to be sent, if any.
    mutating func append(_ token: GeneratedToken) -> CompletionChoice? {
        report(token)
        tokenCount += 1
        if tokenCount <= scoredTokens + output.forcedTokens {
            let text = detokenizer?.append(token.id) ?? ""
            if !output.hidesForcedText { pending.text += text }
        } else if !output.stopTokens.contains(token.id) {
            pending.text += filter.append(detokenizer?.append(token.id) ?? "")
        }
        guard !pending.text.isEmpty || detokenizer == nil else { return nil }
        return takePending()
    }

    /// The last part.
    mutating func finish(_ finished: FinishedChoice, encoderRoutes: [TokenRoute]) -> CompletionChoice {
        pending.text += filter.append(detokenizer?.finish() ?? "")
        pending.text += filter.finish()
        if output.reportsLogprobs, pending.logprobs == nil { pending.logprobs = Logprobs() }
        if output.returnsTokenIDs, pending.tokenIDs == nil { pending.tokenIDs = [] }
        (pending.finishReason, pending.stopReason) = reasons(of: finished)
        if let score = finished.beamScore {
            pending.beamScore = score.finite
            pending.cumulativeLogprob = finished.cumulativeLogprob.finite
        }
        if output.reportsRouting {
            pending.routedExperts = RoutedExperts(
                encoder: RoutedExperts.layers(encoderRoutes),
                decoder: RoutedExperts.layers(decoderRoutes)
            )
        }
        return takePending()
    }

    private func reasons(of finished: FinishedChoice) -> (String, StopReason?) {
        if let stop = filter.matched { return ("stop", .text(stop)) }
        return switch finished.reason {
        case .length: ("length", nil)
        case .stop(.stopToken(let id)) where id != output.infillEnd: ("stop", .token(id))
        case .stop: ("stop", nil)
        }
    }

    private mutating func report(_ token: GeneratedToken) {
        if output.reportsLogprobs {
            var logprobs = pending.logprobs ?? Logprobs()
            let isFirst = tokenCount == 0 && !prompt.isContinued
            logprobs.append(token, isFirst: isFirst, texts: texts, offset: &textOffset)
            pending.logprobs = logprobs
        }
        if output.returnsTokenIDs, !isScoringPrompt { pending.tokenIDs = (pending.tokenIDs ?? []) + [token.id] }
        if output.reportsRouting { decoderRoutes += token.routes }
    }

    private mutating func takePending() -> CompletionChoice {
        defer { pending = CompletionChoice(index: pending.index) }
        return pending
    }
}
