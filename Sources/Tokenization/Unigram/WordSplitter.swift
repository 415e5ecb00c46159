/// Cuts normalised text into the words pieces are looked for in: the `pre_tokenizer` of a `tokenizer.json`.
struct WordSplitter: Sendable {
    /// Which words get a `▁` in front when they have none.
    enum Prefix: String, Sendable {
        case always
        /// Only the text's very first.
        case first
        case never
    }

    private let splitsAtWhiteSpace: Bool
    private let prefix: Prefix
    /// Whether a word also ends before every `▁`.
    private let splitsAtSpaces: Bool

    /// U+2581, which stands for a space in pieces.
    private static let space: [UInt8] = Array("▁".utf8)

    /// - Throws: `TokenizerError.unsupported` for what would split otherwise than this type knows.
    init(_ component: TokenizerDescription.Component?, file: String) throws(TokenizerError) {
        guard let component else { throw .unsupported(file: file, component: "pre_tokenizer 'null'") }
        var parts = component.type == "Sequence" ? component.pretokenizers ?? [] : [component]
        splitsAtWhiteSpace = parts.first?.type == "WhitespaceSplit"
        if splitsAtWhiteSpace { parts.removeFirst() }
        if let stranger = parts.first(where: { $0.type != "Metaspace" }) {
            throw .unsupported(file: file, component: "pre_tokenizer '\(stranger.type)'")
        }
        guard parts.count == 1 else {
            throw .unsupported(file: file, component: "pre_tokenizer of \(parts.count) 'Metaspace'")
        }
        prefix = try parts[0].metaspacePrefix("pre_tokenizer", file)
        splitsAtSpaces = parts[0].split ?? true
        if splitsAtWhiteSpace, prefix == .first {
            throw .unsupported(file: file, component: "pre_tokenizer 'Metaspace' of 'first' after 'WhitespaceSplit'")
        }
    }

    /// The words of a stretch of text between added tokens, as UTF-8.
    ///
    /// - Parameter isFirst: whether the text begins with it.
    func words(_ text: String, isFirst: Bool) -> [[UInt8]] {
        guard splitsAtWhiteSpace else { return words(of: text.utf8, isFirst: isFirst) }
        return text.unicodeScalars.split { $0.properties.isWhitespace }
            .flatMap { words(of: String($0).utf8, isFirst: false) }
    }

    private func words(of text: String.UTF8View, isFirst: Bool) -> [[UInt8]] {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count + Self.space.count)
        for byte in text {
            if byte == UInt8(ascii: " ") { bytes += Self.space } else { bytes.append(byte) }
        }
        if prefix == .always || prefix == .first && isFirst, !bytes.starts(with: Self.space) {
            bytes.insert(contentsOf: Self.space, at: 0)
        }
        return splitsAtSpaces ? Self.splitBeforeSpaces(bytes) : [bytes]
    }

    private static func splitBeforeSpaces(_ bytes: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var start = 0
        for index in bytes.indices.dropFirst() where bytes[index] == space[0] && bytes[index...].starts(with: space) {
            words.append(Array(bytes[start..<index]))
            start = index
        }
        words.append(Array(bytes[start...]))
        return words
    }
}

extension TokenizerDescription.Component {
    /// Whether a `Metaspace` puts `▁` in front of words, checked with what else it says.
    func metaspacePrefix(_ role: String, _ file: String) throws(TokenizerError) -> WordSplitter.Prefix {
        guard replacement == "▁" else {
            throw .unsupported(file: file, component: "\(role) 'Metaspace' with '\(replacement ?? "")' for a space")
        }
        let scheme = prepend_scheme ?? (add_prefix_space == false ? "never" : "always")
        guard let prefix = WordSplitter.Prefix(rawValue: scheme) else {
            throw .unsupported(file: file, component: "\(role) 'Metaspace' with prepend_scheme '\(scheme)'")
        }
        return prefix
    }
}
