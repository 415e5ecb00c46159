import Foundation
import HTTPServing

/// The API keys of a file, as digests, each with a name and what it may ask for.
///
/// One key a line: the key alone, or a name and the key, then `requests=N` and `tokens-per-minute=N`. A key may be
/// given as `sha256:` and the 64 hexadecimal digits of its digest. Empty lines and those that start with `#` are skipped.
package struct APIKeys: Sendable {
    /// Who holds a key.
    struct Holder: Equatable, Sendable {
        /// Shown in logs; the key itself never is.
        var name: String
        var limits: KeyLimits
    }

    private let keys: [(digest: SecretDigest, holder: Holder)]
    private let limits: [String: KeyLimits]

    /// The most keys of one file: every request is compared with all of them.
    static let maximumCount = 10_000

    /// At least 1.
    package var count: Int { keys.count }

    /// - Parameters:
    ///   - defaults: the limits of keys whose line has none.
    ///   - file: the file's path, for errors.
    package init(_ text: String, defaults: KeyLimits, file: String) throws(APIKeyFileError) {
        var keys: [(digest: SecretDigest, holder: Holder)] = []
        var names: Set<String> = []
        var digests: Set<SecretDigest> = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func fault(_ reason: String) -> APIKeyFileError { .line(index + 1, file: file, reason: reason) }
            let (key, holder) = try Self.read(words, number: keys.count + 1, defaults, fault)
            guard names.insert(holder.name).inserted else { throw fault("an earlier line has the same name") }
            guard let digest = Self.digest(key) else { throw fault("sha256: needs 64 hexadecimal digits") }
            guard digests.insert(digest).inserted else { throw fault("an earlier line has the same key") }
            guard keys.count < Self.maximumCount else { throw fault("more than \(Self.maximumCount) keys") }
            keys.append((digest, holder))
        }
        guard !keys.isEmpty else { throw .empty(file: file) }
        self.keys = keys
        limits = Dictionary(uniqueKeysWithValues: keys.map { ($0.holder.name, $0.holder.limits) })
    }

    /// Reads a file of keys.
    package init(contentsOf file: String, defaults: KeyLimits) throws(APIKeyFileError) {
        guard let data = FileManager.default.contents(atPath: file) else { throw .unreadable(file: file) }
        guard let text = String(validating: data, as: UTF8.self) else { throw .notText(file: file) }
        try self.init(text, defaults: defaults, file: file)
    }

    /// Who holds a key; nil when nobody does.
    ///
    /// Looks at every key, so that the time taken says nothing about which came close.
    func holder(of key: some StringProtocol) -> Holder? {
        let digest = SecretDigest(of: key)
        return keys.reduce(nil) { found, key in key.digest.matches(digest) ? key.holder : found }
    }

    /// What the holder of that name may ask for.
    func limits(of name: String) -> KeyLimits { limits[name] ?? KeyLimits() }

    private static func read(
        _ words: [Substring],
        number: Int,
        _ defaults: KeyLimits,
        _ fault: (String) -> APIKeyFileError
    ) throws(APIKeyFileError) -> (key: Substring, holder: Holder) {
        let plain = words.prefix { !KeyLimits.isSetting($0) }
        guard (1...2).contains(plain.count) else { throw fault("a line is a key, or a name and a key, then settings") }
        var limits = defaults
        for setting in words.dropFirst(plain.count) {
            guard limits.set(setting) else { throw fault("'\(setting)' is not requests=N or tokens-per-minute=N") }
        }
        let name = plain.count == 2 ? String(plain[0]) : "key-\(number)"
        return (plain[plain.endIndex - 1], Holder(name: name, limits: limits))
    }

    private static func digest(_ key: Substring) -> SecretDigest? {
        guard key.hasPrefix("sha256:") else { return SecretDigest(of: key) }
        return SecretDigest(hexadecimal: key.dropFirst("sha256:".count))
    }
}
