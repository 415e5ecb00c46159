import HTTPServing
import HTTPTypes
package import Telemetry

/// `GET /metrics` and `GET /metrics/experts`.
struct MetricsEndpoint: Sendable {
    let exposition: MetricsExposition

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let accepted = request.fields[words: .accept]
        let format = ExpositionFormat(accept: accepted.isEmpty ? nil : accepted.joined(separator: ", "))
        return ServerResponse(
            status: .ok,
            fields: [.contentType: format.contentType],
            body: .bytes(exposition(format))
        )
    }
}

/// Writes metrics in the format a scraper prefers.
package typealias MetricsExposition = @Sendable (ExpositionFormat) -> [UInt8]
