/// The events of a conversation's answer: who speaks, chunks of text, why each choice ended, then `[DONE]`.
struct ChatEvents: AnswerEvents {
    let run: CompletionRun

    private var delivery: CompletionParameters.Delivery { run.parameters.delivery }

    func begin() -> [ServerSentEvent] {
        let usage = delivery.usage(of: Usage(promptTokens: run.parameters.promptTokens, completionTokens: 0))
        return (0..<run.parameters.choices).map { index in
            chunk(ChatChoice(index: index, delta: ChatText(role: "assistant", content: "")), usage)
        }
    }

    func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent] {
        let usage = delivery.usage(of: usage)
        guard part.finishReason != nil else { return [chunk(ChatChoice(delta: part), usage)] }
        var text = CompletionChoice(index: part.index)
        (text.text, text.logprobs) = (part.text, part.logprobs)
        let end = chunk(ChatChoice(end: part), usage)
        let saysNothing = text.text.isEmpty && (text.logprobs?.entries ?? []).isEmpty
        return saysNothing ? [end] : [chunk(ChatChoice(delta: text), usage), end]
    }

    func end(_ usage: Usage) -> [ServerSentEvent] {
        guard delivery.includesUsage else { return [.done] }
        return [ServerSentEvent(ChatObject(run, [], .counted(usage), isChunk: true)), .done]
    }

    func failure(_ error: APIError) -> [ServerSentEvent] { [ServerSentEvent(error.object), .done] }

    private func chunk(_ choice: ChatChoice, _ usage: UsageMember) -> ServerSentEvent {
        ServerSentEvent(ChatObject(run, [choice], usage, isChunk: true))
    }
}
