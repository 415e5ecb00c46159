import Foundation

/// What a `tokenizer.json` needs of a `.model` file: enough of its protocol buffers to make the one from the other.
struct SentencePieceFile {
    private(set) var pieces: [(piece: String, score: Float)] = []
    private(set) var charsmap = Data()

    init(_ file: URL) throws {
        Self.forEachField(try Data(contentsOf: file)) { number, value in
            if number == 1 {
                var (piece, score) = ("", Float(0))
                Self.forEachField(value) { number, value in
                    if number == 1 { piece = String(decoding: value, as: UTF8.self) }
                    if number == 2 {
                        score = Float(bitPattern: value.reversed().reduce(0) { $0 << 8 | UInt32($1) })
                    }
                }
                pieces.append((piece, score))
            } else if number == 3 {
                Self.forEachField(value) { if $0 == 2 { charsmap = $1 } }
            }
        }
    }

    /// The `tokenizer.json` that transformers 5.23.0 writes for it, with a hundred sentinels.
    func tokenizerJSON() throws -> [UInt8] {
        let sentinels = (0..<100).reversed().map { "<extra_id_\($0)>" }
        let vocabulary = pieces.map { [$0.piece, Double($0.score)] } + sentinels.map { [$0, 0.0] }
        let specials = [0, 1, 2] + Array(pieces.count..<pieces.count + 100)
        let metaspace: [String: Any] = [
            "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true,
        ]
        return [UInt8](
            try JSONSerialization.data(withJSONObject: [
                "added_tokens": specials.map { ["id": $0, "content": vocabulary[$0][0], "special": true] },
                "normalizer": ["type": "Precompiled", "precompiled_charsmap": charsmap.base64EncodedString()],
                "pre_tokenizer": ["type": "Sequence", "pretokenizers": [["type": "WhitespaceSplit"], metaspace]],
                "decoder": metaspace,
                "model": ["type": "Unigram", "unk_id": 2, "byte_fallback": false, "vocab": vocabulary],
            ])
        )
    }

    /// Calls `body` with number and bytes of every field, leaving varints out.
    private static func forEachField(_ message: Data, _ body: (_ number: Int, _ value: Data) -> Void) {
        var rest = message[...]
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while !rest.isEmpty {
            let tag = varint()
            switch tag & 7 {
            case 0: _ = varint()
            case 1: rest = rest.dropFirst(8)
            case 5:
                body(tag >> 3, rest.prefix(4))
                rest = rest.dropFirst(4)
            default:
                let count = varint()
                body(tag >> 3, rest.prefix(count))
                rest = rest.dropFirst(count)
            }
        }
    }
}
