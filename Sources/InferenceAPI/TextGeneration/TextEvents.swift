import JSON

/// The events of an answer as text-generation-inference streams it: one for each token, and no mark at the end.
///
/// The texts of the tokens joined are the text: one that is no part of it, such as the end, has none. The last event
/// has all of the text.
struct TextEvents: AnswerEvents {
    private struct Event: Encodable {
        /// Of the token, from 1.
        var index: Int
        var token: TextToken
        @OrNull var generatedText: String? = nil
        @OrNull var details: TextDetails? = nil

        enum CodingKeys: String, CodingKey {
            case index, token, details
            case generatedText = "generated_text"
        }
    }

    private let run: CompletionRun
    private let request: TextGeneration
    private var whole: CompletionChoice
    /// The newest token, which may be the last and then says more.
    private var waiting: TextToken?
    private var sent = 0

    init(_ run: CompletionRun, _ request: TextGeneration) {
        (self.run, self.request) = (run, request)
        whole = CompletionChoice(index: 0)
    }

    mutating func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent] {
        whole.append(part)
        var tokens = TextToken.tokens(of: part, run.model.tokenizer)
        for index in tokens.indices { tokens[index].text = "" }
        // What the text of a part is made of is known of all its tokens together.
        if let speaking = tokens.lastIndex(where: { !$0.special }) ?? tokens.indices.last {
            tokens[speaking].text = part.text
        } else if !part.text.isEmpty {
            waiting?.text += part.text
        }
        var events: [ServerSentEvent] = []
        for token in tokens {
            if let waiting { events.append(event(waiting)) }
            waiting = token
        }
        return events
    }

    mutating func end(_ usage: Usage) -> [ServerSentEvent] {
        guard let waiting else { return [] }
        sent += 1
        var details = TextDetails(whole, of: run, seed: request.seed)
        details.prefill = nil
        let text = (request.returnsInputs ? request.inputs : "") + whole.text
        return [ServerSentEvent(Event(index: sent, token: waiting, generatedText: text, details: details))]
    }

    mutating func failure(_ error: APIError) -> [ServerSentEvent] {
        [ServerSentEvent(ErrorShape.textGeneration.body(error))]
    }

    private mutating func event(_ token: TextToken) -> ServerSentEvent {
        sent += 1
        return ServerSentEvent(Event(index: sent, token: token))
    }
}
