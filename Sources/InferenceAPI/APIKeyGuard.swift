package import HTTPServing
import HTTPTypes

/// Lets requests with a known API key through to the handler behind it.
///
/// Health needs no key.
package struct APIKeyGuard: HTTPHandler {
    private static let openPaths: Set<String> = ["/livez", "/readyz", "/health"]

    private let keys: [[UInt8]]
    private let handler: any HTTPHandler

    /// - Parameter keys: not empty, else every request is refused.
    package init(keys: [String], handler: any HTTPHandler) {
        self.keys = keys.map { Array($0.utf8) }
        self.handler = handler
    }

    package func respond(to request: ServerRequest) async -> ServerResponse {
        guard Self.openPaths.contains(request.path) || request.method == .options || isAuthorized(request) else {
            return APIError.invalidKey.response
        }
        return await handler.respond(to: request)
    }

    /// Compares with every key, so that the time taken says nothing about which came close.
    private func isAuthorized(_ request: ServerRequest) -> Bool {
        guard let field = request.fields[.authorization] else { return false }
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let given = Array(parts[1].utf8)
        return keys.reduce(false) { found, key in Self.areEqual(key, given) || found }
    }

    /// Takes the same time wherever the first difference is.
    private static func areEqual(_ key: [UInt8], _ given: [UInt8]) -> Bool {
        guard key.count == given.count else { return false }
        return zip(key, given).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
