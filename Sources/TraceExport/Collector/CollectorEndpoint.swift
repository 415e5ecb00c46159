import Foundation

/// Where traces are sent: an OTLP collector that speaks HTTP.
package struct CollectorEndpoint: Equatable, Sendable {
    package let isSecure: Bool
    /// A name, or an address without brackets.
    package let host: String
    /// 1 to 65535; 80 or 443, by the scheme, when the URL names none.
    package let port: Int
    /// Path and query of the request.
    package let target: String

    private static let path = "/v1/traces"

    /// Reads an `http` or `https` URL; `/v1/traces` is appended unless the path ends with it.
    ///
    /// Returns nil for anything else, and for a URL with a user, a password or a fragment.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }), let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return nil }
        isSecure = scheme == "https"
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? (isSecure ? 443 : 80)
        guard (1...65535).contains(port) else { return nil }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        if !path.hasSuffix(Self.path) { path += Self.path }
        target = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    /// The value of the field `Host`.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }
}
