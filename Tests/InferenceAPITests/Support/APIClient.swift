import Batching
import Foundation
import Generation
import HTTPTypes
import InferenceAPI
import JSON
import Synchronization
import Telemetry
import Tokenization

@testable import HTTPServing
@testable import InferenceAPI

/// The API without sockets: sends requests to its routes and reads the answers.
struct APIClient: Sendable {
    let routes: APIRoutes
    let engine: ScriptedEngine
    let metrics = MetricsRegistry()

    init(
        _ engine: ScriptedEngine,
        tokenizer: (any Tokenizer)? = ToyTokenizer(),
        architecture: ServedModel.Architecture = .encoderDecoder,
        configuration: APIConfiguration = APIConfiguration(),
        readiness: Readiness = .ready,
        isLoaded: Bool = true,
        keys: KeyRing? = nil,
        generation: GenerationConfiguration = GenerationConfiguration(),
        speaker: AskedStrategy.Speaker = .model,
        translation: TranslationDirections? = nil,
        embeddings: EmbeddingRules = EmbeddingRules(),
        reranking: RerankTemplate? = nil
    ) {
        self.engine = engine
        var model = ServedModel(
            id: "google/switch-toy",
            architecture: architecture,
            created: 1_763_690_000,
            tokenizer: tokenizer,
            vocabularySize: tokenizer?.vocabularySize ?? ToyTokenizer.pieces.count,
            endTokens: [ToyTokenizer.end],
            systemFingerprint: "fp_toy",
            prompt: { architecture == .languageModel ? $0 : $0 + [ToyTokenizer.end] }
        )
        (model.generation, model.speaker, model.translation) = (generation, speaker, translation)
        model.reranking = reranking
        model.embeddings = embeddings
        let backend = isLoaded ? InferenceBackend(model: model, engine: engine) : nil
        var context = RequestContext(
            configuration: configuration,
            readiness: { readiness },
            backend: { backend }
        )
        context.keys = keys
        context.rejections = AdmissionRejections(metrics)
        routes = APIRoutes(
            context: context,
            sources: .init(
                metrics: { _ in Array("metrics".utf8) },
                expertMetrics: { _ in Array("expert metrics".utf8) },
                expertLoad: { ExpertReport(layers: [], windowSeconds: 300) },
                description: Array("openapi: 3.1.0".utf8),
                console: ConsoleFiles(["index.html": Array("<!doctype html>".utf8), "main.js": Array("export {}".utf8)])
            )
        )
    }

    func post(_ path: String, _ json: String, fields: HTTPFields = [.contentType: "application/json"]) async -> Answer {
        await send(.post, path, body: Array(json.utf8), fields: fields)
    }

    func complete(_ json: String) async -> Answer { await post("/v1/completions", json) }

    /// - Parameter path: the template of the route.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        query: String? = nil,
        body: [UInt8] = [],
        fields: HTTPFields = [:],
        parameters: [String: String] = [:],
        principal: String? = nil
    ) async -> Answer {
        var request = ServerRequest(
            method: method,
            path: path,
            query: query,
            fields: fields,
            id: "req-1",
            body: RequestBody(read: { body })
        )
        request.parameters = parameters
        request.principal = principal
        guard let route = routes.routes.first(where: { $0.method == method && $0.template == path }) else {
            return await Answer(routes.table().respond(to: request))
        }
        return await Answer(route.respond(request))
    }
}

extension ServerRequest {
    static func post(_ path: String, _ json: String) -> ServerRequest {
        ServerRequest(
            method: .post,
            path: path,
            query: nil,
            fields: [:],
            id: "req-1",
            body: RequestBody(read: { Array(json.utf8) })
        )
    }
}

/// A response with its body read to the end.
struct Answer: Sendable {
    let response: ServerResponse
    let body: [UInt8]
    /// What a streamed body was written in.
    let pieces: [String]

    init(response: ServerResponse, body: [UInt8], pieces: [String]) {
        self.response = response
        self.body = body
        self.pieces = pieces
    }

    init(_ response: ServerResponse) async {
        switch response.body {
        case .bytes(let bytes): self.init(response: response, body: bytes, pieces: [])
        case .stream(let write):
            let written = Mutex<[[UInt8]]>([])
            try? await write(ResponseWriter { bytes in written.withLock { $0.append(bytes) } })
            let pieces = written.withLock { $0 }
            self.init(
                response: response,
                body: pieces.flatMap(\.self),
                pieces: pieces.map { String(decoding: $0, as: UTF8.self) }
            )
        }
    }

    var status: Int { response.status.code }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; `.null` when it is not.
    var json: JSONValue { JSONValue(parsing: body) }

    /// The JSON of each server-sent event, without the final `[DONE]`.
    var events: [JSONValue] {
        pieces.filter { $0 != "data: [DONE]\n\n" }.map { JSONValue(parsing: Array($0.dropFirst(6).utf8)) }
    }

    var error: (message: String, param: String?, code: String?) {
        let error = json["error"]
        return (error["message"].asText ?? "", error["param"].asText, error["code"].asText)
    }
}

extension JSONValue {
    init(parsing bytes: [UInt8]) {
        self = (try? JSONParser.parse(bytes)) ?? .null
    }

    subscript(name: String) -> JSONValue {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    subscript(index: Int) -> JSONValue {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { .null }
    }

    var asText: String? { if case .string(let text) = self { text } else { nil } }
    var count: Int { if case .array(let items) = self { items.count } else { 0 } }
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    /// Names of the members, sorted.
    var names: [String] { if case .object(let members) = self { members.names.sorted() } else { [] } }
}
