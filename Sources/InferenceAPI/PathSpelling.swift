/// Paths that clients make of another base URL.
enum PathSpelling {
    /// The path without the slash it ends in, and with `/v1` in front, as clients that were given a base without it write.
    static func others(of path: String) -> [String] {
        let whole = path.hasSuffix("/") ? String(path.dropLast()) : path
        guard whole.hasPrefix("/"), whole != "/" else { return [] }
        return whole == path ? ["/v1" + whole] : [whole, "/v1" + whole]
    }
}
