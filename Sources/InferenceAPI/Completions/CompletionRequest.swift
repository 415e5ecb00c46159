import JSON

/// `POST /v1/completions`.
struct CompletionRequest: StreamedDialect {
    static let idPrefix = "cmpl-"

    let plain: PlainRequest

    init(_ members: JSONObject, _ setting: DialectSetting) {
        plain = PlainRequest(members)
    }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> CompletionObject {
        CompletionObject(run, choices, .counted(usage))
    }

    func events(of run: CompletionRun) -> CompletionEvents { CompletionEvents(run: run) }
}

/// The events of a completion: chunks, then `[DONE]`.
struct CompletionEvents: AnswerEvents {
    let run: CompletionRun

    func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent] {
        [ServerSentEvent(CompletionObject(run, [part], run.parameters.delivery.usage(of: usage)))]
    }

    func end(_ usage: Usage) -> [ServerSentEvent] {
        guard run.parameters.delivery.includesUsage else { return [.done] }
        return [ServerSentEvent(CompletionObject(run, [], .counted(usage))), .done]
    }

    func failure(_ error: APIError) -> [ServerSentEvent] { [ServerSentEvent(error.object), .done] }
}

extension CompletionObject {
    fileprivate init(_ run: CompletionRun, _ choices: [CompletionChoice], _ usage: UsageMember) {
        self.init(
            id: run.identity.id,
            created: run.identity.created,
            model: run.model.id,
            systemFingerprint: run.model.systemFingerprint,
            choices: choices,
            usage: usage
        )
    }
}
