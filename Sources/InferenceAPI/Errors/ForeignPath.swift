/// A path that servers of other interfaces have, and what to ask for here instead.
///
/// Clients read a bare 404 as a model that does not exist.
package struct ForeignPath: Equatable, Sendable {
    let message: String

    /// nil for a path that no such server has.
    ///
    /// - Parameter path: as sent, without the query.
    init?(_ path: String) {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if Self.paths.contains(path) {
            message = "This server has no \(path). \(Self.advice)"
        } else if let prefix = Self.prefixes.first(where: path.hasPrefix) {
            message = "This server has nothing below \(prefix). \(Self.advice)"
        } else {
            return nil
        }
    }

    private static let advice =
        "It answers at /v1/completions, /v1/chat/completions, /v1/responses and /v1/embeddings; "
        + "/openapi.yaml describes everything it has."

    private static let paths: Set = [
        "/v1/messages", "/v1/score", "/score", "/v1/edits",
        "/v1/engines", "/v1/moderations",
        "/v1/generate", "/invocations", "/predict", "/completion", "/infill", "/embedding", "/embed_all",
        "/embed_sparse", "/translate_file", "/suggest", "/v2/document", "/v2/glossaries", "/v2/write/rephrase",
    ]

    /// Of Ollama, of KServe, of audio and pictures.
    private static let prefixes = ["/api/", "/v2/models/", "/v1/audio/", "/v1/images/", "/v1/fine_tuning/"]
}
