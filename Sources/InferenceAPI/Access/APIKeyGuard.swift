package import HTTPServing
import HTTPTypes
import Telemetry

/// Lets requests with a known API key through to the handler behind it, and says whose they are.
///
/// Health needs no key, nor does a preflight, which cannot carry one, nor the page at `/`, which asks for it.
package struct APIKeyGuard: HTTPHandler {
    /// Paths that answer without a key, whichever way they are written.
    package static let probes: Set<String> = ["/livez", "/readyz", "/health"]
    package static let metrics: Set<String> = ["/metrics", "/metrics/experts"]

    private let keys: KeyRing
    private let openPaths: Set<String>
    private let handler: any HTTPHandler

    package init(keys: KeyRing, openPaths: Set<String>, handler: any HTTPHandler) {
        self.keys = keys
        self.openPaths = openPaths
        self.handler = handler
    }

    package func respond(to request: ServerRequest) async -> ServerResponse {
        var request = request
        if let key = Self.key(of: request), let holder = keys.holder(of: key) {
            request.principal = holder.name
            request.trace.set(.keyName, .string(holder.name))
        } else if !isOpen(request.path), !Self.isOfPage(request), request.method != .options {
            request.trace.set(.error, .string(APIError.invalidKey.code))
            return APIError.invalidKey.response(in: ErrorShape(path: request.path))
        }
        return await handler.respond(to: request)
    }

    /// Whether what the table of routes makes of that path is open.
    private func isOpen(_ path: String) -> Bool {
        openPaths.contains(path) || PathSpelling.others(of: path).contains(where: openPaths.contains)
    }

    /// Whether it asks for the page itself or one of its files, which say nothing of the model.
    private static func isOfPage(_ request: ServerRequest) -> Bool {
        guard request.method == .get || request.method == .head else { return false }
        if request.path == "/" { return PagePreference(accept: request.fields[.accept]).wantsPage }
        return request.path.hasPrefix("/console/")
    }

    /// What stands before a key: RFC 6750 §2.1, or what DeepL's clients write.
    private static let schemes: Set = ["bearer", "deepl-auth-key"]

    /// One `Authorization` field, or none at all.
    private static func key(of request: ServerRequest) -> Substring? {
        let fields = request.fields[values: .authorization]
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2 else { return nil }
        let scheme = parts[0].lowercased().utf8
        guard schemes.contains(where: { $0.utf8.elementsEqual(scheme) }) else { return nil }
        return parts[1]
    }
}
