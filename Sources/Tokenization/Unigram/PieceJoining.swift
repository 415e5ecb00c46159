/// How the pieces of an output become text, as the `Metaspace` decoder of `tokenizers` joins them: each `▁` is a space,
/// but perhaps for those of the first token; or ByT5's bytes, of which those that are no text are dropped.
package enum PieceJoining: Equatable, Sendable {
    case dropsFirstSpaces
    case keepsFirstSpaces
    case bytes

    /// What the `decoder` of a `tokenizer.json` does, and whether bytes are put together before.
    ///
    /// - Throws: `TokenizerError.unsupported` for any but `Metaspace`, alone or after `ByteFallback`.
    static func metaspace(
        _ component: TokenizerDescription.Component?,
        _ file: String
    ) throws(TokenizerError) -> (joining: PieceJoining, joinsBytes: Bool) {
        guard let component else { throw .unsupported(file: file, component: "decoder 'null'") }
        var parts = component.type == "Sequence" ? component.decoders ?? [] : [component]
        let joinsBytes = parts.first?.type == "ByteFallback"
        if joinsBytes { parts.removeFirst() }
        guard parts.count == 1, parts[0].type == "Metaspace" else {
            let names = parts.map { "'\($0.type)'" }.joined(separator: ", ")
            throw .unsupported(file: file, component: "decoder \(names.isEmpty ? "'Sequence'" : names)")
        }
        let keeps = try parts[0].metaspacePrefix("decoder", file) == .never
        return (keeps ? .keepsFirstSpaces : .dropsFirstSpaces, joinsBytes)
    }
}
