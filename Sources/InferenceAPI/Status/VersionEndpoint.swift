import HTTPServing
import JSON

/// `GET /version`.
struct VersionEndpoint: Sendable {
    struct Version: Encodable {
        let name = "switchyard"
        var version: String
        /// Of the loaded model; null while it loads.
        @OrNull var systemFingerprint: String?

        enum CodingKeys: String, CodingKey {
            case name, version
            case systemFingerprint = "system_fingerprint"
        }
    }

    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        .json(
            Version(
                version: context.configuration.version,
                systemFingerprint: context.backend()?.model.systemFingerprint
            )
        )
    }
}
