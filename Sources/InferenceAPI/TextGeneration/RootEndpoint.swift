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
        guard await hasInputs(bytes, request) else { return try await EchoEndpoint().respond(to: read) }
        do throws(APIError) {
            return try await GenerationEndpoint<PipelineRequest>(context: context).respond(to: read)
        } catch {
            throw .shaped(error, .textGeneration)
        }
    }

    /// Whether a body is JSON with `inputs`; most need not be parsed to know.
    private func hasInputs(_ bytes: [UInt8], _ request: ServerRequest) async -> Bool {
        guard request.fields[.contentType]?.lowercased().hasPrefix("application/json") == true,
            Data(bytes).range(of: Self.mark) != nil
        else { return false }
        let find: @Sendable () throws(APIError) -> Bool = { () throws(APIError) in
            try JSONBody.object(bytes)["inputs"] != nil
        }
        guard bytes.count > context.configuration.largeBody else { return (try? find()) ?? false }
        return (try? await context.longWork.run(find)) ?? false
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
