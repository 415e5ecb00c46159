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
    private var tokenCount = 0
    /// Code points of the choice's text that are no token's: an echoed prompt; less those of tokens that it lacks.
    private var offsetOfTokens = 0
    /// Code points of the text handed out.
    private var handedOut = 0
    private var decoderRoutes: [TokenRoute] = []
    private var crossAttention: [[Float]] = []
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
            logprobs.append(first: texts.written(first, droppingSpaces: detokenizer?.dropsSpaces ?? false))
            pending.logprobs = logprobs
            pending.text = detokenizer?.append(first) ?? ""
        } else if output.echoesPrompt {
            pending.text = prompt.text
            offsetOfTokens = prompt.text.unicodeScalars.count
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
        let isForced = tokenCount < scoredTokens + output.forcedTokens
        let dropsSpaces = detokenizer?.dropsSpaces ?? false
        var text = ""
        if isForced || !output.stopTokens.contains(token.id) {
            text = detokenizer?.append(token.id) ?? ""
        } else {
            detokenizer?.skip()
        }
        report(token) { [texts] in texts.written($0, droppingSpaces: dropsSpaces) }
        tokenCount += 1
        if !isForced {
            pending.text += filter.append(text)
        } else if output.hidesForcedText {
            offsetOfTokens -= text.unicodeScalars.count
        } else {
            pending.text += text
        }
        guard !pending.text.isEmpty || detokenizer == nil else { return nil }
        return takePending()
    }

    /// The last part.
    mutating func finish(_ finished: FinishedChoice, encoderRoutes: [TokenRoute]) -> CompletionChoice {
        pending.text += filter.append(detokenizer?.finish() ?? "")
        pending.text += filter.finish()
        if output.reportsLogprobs, pending.logprobs == nil { pending.logprobs = Logprobs() }
        let end = handedOut + pending.text.unicodeScalars.count
        pending.logprobs?.endText(at: end)
        if output.returnsTokenIDs, pending.tokenIDs == nil { pending.tokenIDs = [] }
        (pending.finishReason, pending.stopReason) = reasons(of: finished)
        if let score = finished.beamScore {
            pending.beamScore = score.ifFinite
            pending.cumulativeLogprob = finished.cumulativeLogprob.ifFinite
        }
        if output.reportsRouting {
            pending.routedExperts = RoutedExperts(
                encoder: RoutedExperts.layers(encoderRoutes),
                decoder: RoutedExperts.layers(decoderRoutes)
            )
            pending.crossAttention = crossAttention
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

    /// - Parameter write: how tokens are written where this one is.
    private mutating func report(_ token: GeneratedToken, write: (Int32) -> TokenText.Written) {
        if output.reportsLogprobs {
            var logprobs = pending.logprobs ?? Logprobs()
            let offset = offsetOfTokens + (detokenizer?.offset ?? 0)
            logprobs.append(token, at: max(0, offset), write: write)
            pending.logprobs = logprobs
        }
        if output.returnsTokenIDs, !isScoringPrompt { pending.tokenIDs = (pending.tokenIDs ?? []) + [token.id] }
        guard output.reportsRouting else { return }
        decoderRoutes += token.routes
        if !token.crossAttention.isEmpty { crossAttention.append(token.crossAttention) }
    }

    /// What may be handed out: tokens behind the text that is certain wait with theirs, as a stop string may cut it.
    private mutating func takePending() -> CompletionChoice {
        var part = pending
        pending = CompletionChoice(index: part.index)
        handedOut += part.text.unicodeScalars.count
        guard let waiting = part.logprobs?.removeTokens(after: handedOut) else { return part }
        pending.logprobs = waiting
        if let ids = part.tokenIDs {
            pending.tokenIDs = Array(ids.suffix(waiting.entries.count))
            part.tokenIDs = Array(ids.dropLast(waiting.entries.count))
        }
        return part
    }
}
