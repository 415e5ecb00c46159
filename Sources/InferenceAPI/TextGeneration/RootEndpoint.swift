import Foundation
import HTTPServing
import HTTPTypes
import JSON

/// `POST /`: what Hugging Face's clients ask of the very address they are given, and the echo of everything else.
struct RootEndpoint: Sendable {
    private static let mark = Data("\"inputs\"".utf8)

    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let bytes: [UInt8]
        do {
            bytes = try await request.body.collect()
        } catch {
            throw .body(error)
        }
        let read = request.with(RequestBody(read: { bytes }, release: request.body.release))
        let names = await names(bytes, request)
        guard names.contains("inputs") else { return try await EchoEndpoint().respond(to: read) }
        do throws(APIError) {
            // Tasks that generate have parameters, if empty ones; that of embeddings has none.
            if context.backend()?.model.architecture == .encoder, !names.contains("parameters") {
                return try await EmbedEndpoint(context: context).respond(to: read)
            }
            return try await GenerationEndpoint<PipelineRequest>(context: context).respond(to: read)
        } catch {
            throw .shaped(error, .textGeneration)
        }
    }

    /// The members of a body that is JSON with `inputs`; most need not be parsed to know that there are none.
    private func names(_ bytes: [UInt8], _ request: ServerRequest) async -> Set<String> {
        guard request.fields[words: .contentType].first?.lowercased().hasPrefix("application/json") == true,
            Data(bytes).range(of: Self.mark) != nil
        else { return [] }
        let find: @Sendable () throws(APIError) -> Set<String> = { () throws(APIError) in
            Set(try JSONBody.object(bytes).names)
        }
        guard bytes.count > context.configuration.largeBody else { return (try? find()) ?? [] }
        return (try? await context.longWork.run(find)) ?? []
    }
}

extension ServerRequest {
    /// The same request with another body.
    fileprivate func with(_ body: RequestBody) -> ServerRequest {
        var request = ServerRequest(method: method, path: path, query: query, fields: fields, trace: trace, body: body)
        (request.parameters, request.principal) = (parameters, principal)
        return request
    }
}
