import JSON

/// `POST /v1/beam_search`: the beams of one prompt, the best first; streamed, every step on the way to them.
struct BeamSearchRequest: StreamedDialect {
    static let idPrefix = "beam-"
    static let endpoint = CompletionReader.Endpoint.beamSearch

    let plain: PlainRequest

    init(_ members: JSONObject, _ setting: DialectSetting) {
        plain = PlainRequest(members)
    }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> BeamSearchObject {
        BeamSearchObject(choices, usage, of: run)
    }

    func events(of run: CompletionRun) -> BeamSearchEvents { BeamSearchEvents(run) }
}
