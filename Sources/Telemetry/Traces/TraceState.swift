/// The `tracestate` of a trace: what other vendors' tracers say to each other, passed on unread (§3.3).
struct TraceState: Equatable, Sendable {
    /// Members beyond it make the whole field invalid (§3.3.1.1).
    static let maximumMembers = 32
    /// What is kept; longer ones lose members, the large ones first and then the last (§3.3.1.5).
    static let maximumLength = 512
    /// Members above it are the first to go.
    static let largeMember = 128

    /// Members joined with commas, the blanks around them gone; not empty.
    let text: String

    /// Returns nil when there is no member, or one that is malformed or named twice.
    init?(_ fields: [String]) {
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for member in fields.flatMap({ $0.split(separator: ",") }).map(Self.trimmed) where !member.isEmpty {
            guard let equals = member.firstIndex(of: "="), members.count < Self.maximumMembers,
                Self.isKey(member[..<equals]), Self.isValue(member[member.index(after: equals)...]),
                keys.insert(member[..<equals]).inserted
            else { return nil }
            members.append(member)
        }
        Self.shorten(&members)
        guard !members.isEmpty else { return nil }
        text = members.joined(separator: ",")
    }

    private static func shorten(_ members: inout [Substring]) {
        var length = members.reduce(members.count - 1) { $0 + $1.utf8.count }
        while length > maximumLength, let index = members.lastIndex(where: { $0.utf8.count > largeMember }) {
            length -= members.remove(at: index).utf8.count + 1
        }
        while length > maximumLength, let last = members.popLast() { length -= last.utf8.count + 1 }
    }

    private static func trimmed(_ member: Substring) -> Substring {
        var member = member
        while member.first == " " || member.first == "\t" { member.removeFirst() }
        while member.last == " " || member.last == "\t" { member.removeLast() }
        return member
    }

    /// At most 256 of lower-case letters, digits, `_ - * /` and `@`, the first a letter or digit.
    private static func isKey(_ key: Substring) -> Bool {
        guard let first = key.utf8.first, key.utf8.count <= 256, isLowerAlphanumeric(first) else { return false }
        return key.utf8.allSatisfy { isLowerAlphanumeric($0) || "_-*/@".utf8.contains($0) }
    }

    /// One to 256 printable characters other than comma and equals.
    private static func isValue(_ value: Substring) -> Bool {
        (1...256).contains(value.utf8.count)
            && value.utf8.allSatisfy { (32...126).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }
}
