import HTTPServing
import HTTPTypes

/// The files of the page at `/`, which the executable holds.
package struct ConsoleFiles: Sendable {
    /// Nothing is fetched from anywhere but the server the page came from, and no script runs but its own files; no element
    /// is ever made from text (CSP Level 3, Trusted Types).
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'"

    private static let page = "index.html"
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    private let bytes: [String: [UInt8]]

    /// - Parameter bytes: by name; `index.html` is the page, which finds the others in `console/` beside it.
    package init(_ bytes: [String: [UInt8]]) { self.bytes = bytes }

    /// What browsers are shown at `/`.
    var index: ServerResponse? { response(Self.page) }

    /// A file by its name; nil where there is none, or where its type is not one of a page's.
    func response(_ name: String) -> ServerResponse? {
        guard let bytes = bytes[name], let type = name.split(separator: ".").last.flatMap({ Self.types[String($0)] })
        else { return nil }
        return ServerResponse(
            status: .ok,
            fields: [
                .contentType: type,
                .contentSecurityPolicy: Self.policy,
                .xContentTypeOptions: "nosniff",
                .referrerPolicy: "no-referrer",
            ],
            body: .bytes(bytes)
        )
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = Self("Referrer-Policy")!
}
