import HTTPServing
import HTTPTypes
import Telemetry

/// Members of a request that the server does not know, for the client and the access log.
package struct IgnoredMembers: Equatable, Sendable {
    /// Names beyond it are only counted.
    static let maximumNames = 20
    /// Characters of a name that are kept.
    static let maximumLength = 64

    /// At most `maximumNames`, each fit for a header: everything but letters, digits and a few signs is percent-encoded.
    let names: [String]
    /// All of them.
    let count: Int

    /// nil when there are none.
    init?(_ names: [String]) {
        guard !names.isEmpty else { return nil }
        self.names = names.prefix(Self.maximumNames).map(Self.encoded)
        count = names.count
    }

    var first: String { names[0] }

    /// The names with how many more there are.
    var text: String {
        let more = count > names.count ? ", and \(count - names.count) more" : ""
        return names.joined(separator: ", ") + more
    }

    /// Notes them for the access log and `add`.
    func note(in trace: RequestTrace) {
        trace.set(.ignoredMembers, .strings(names))
    }

    /// Names what was noted in the response's head.
    static func add(_ trace: RequestTrace, to response: inout ServerResponse) {
        let noted = trace.attributes.first { $0.key == .ignoredMembers }
        guard case .strings(let names)? = noted?.value else { return }
        response.fields[.ignoredMembers] = names.joined(separator: ", ")
    }

    private static func encoded(_ name: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.".utf8)
        var text = ""
        for byte in name.utf8 {
            let next = plain.contains(byte) ? String(UnicodeScalar(byte)) : "%" + hexadecimal(byte)
            guard text.utf8.count + next.utf8.count <= maximumLength else { return text + "~" }
            text += next
        }
        return text
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}

extension TraceAttribute.Key {
    static let ignoredMembers = Self(log: "ignored_members")
}

extension HTTPField.Name {
    static let ignoredMembers = Self("x-switchyard-ignored-members")!
}
