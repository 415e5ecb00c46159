/// A `tokenizer.json` as it is written, key by key.
struct TokenizerDescription: Decodable {
    /// A normalizer, pre_tokenizer, post_processor or decoder: its type, and the keys of those this server knows.
    struct Component: Decodable {
        struct Pattern: Decodable {
            var String: Swift.String?
            var Regex: Swift.String?
        }

        /// An element of a template: a sequence of the input, or a special token.
        struct TemplatePart: Decodable {
            struct Name: Decodable { var id: String }
            var Sequence: Name?
            var SpecialToken: Name?
        }

        var type: String
        var normalizers: [Component]?
        var pretokenizers: [Component]?
        var decoders: [Component]?
        var precompiled_charsmap: String?
        var strip_left: Bool?
        var strip_right: Bool?
        var pattern: Pattern?
        var content: String?
        var replacement: String?
        var prepend_scheme: String?
        var add_prefix_space: Bool?
        var split: Bool?
        var single: [TemplatePart]?
    }

    struct Model {
        /// A piece and its score, written as a list of the two.
        struct Entry: Decodable {
            let piece: String
            let score: Double

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                piece = try values.decode(String.self)
                score = DecimalReading.rounded(try values.decode(Double.self))
            }
        }

        var type: String?
        var unk_id: Int?
        var byte_fallback: Bool?
        /// Empty for other types of model.
        var vocab: [Entry] = []
    }

    var added_tokens: [AddedToken]?
    var normalizer: Component?
    var pre_tokenizer: Component?
    var post_processor: Component?
    var decoder: Component?
    var model: Model
}

extension TokenizerDescription.Model: Decodable {
    private enum CodingKeys: CodingKey {
        case type, unk_id, byte_fallback, vocab, merges
    }

    /// Other types of model are not read further than their type, files of old that do not say one than their merges.
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        type = try values.decodeIfPresent(String.self, forKey: .type)
        if type == nil, values.contains(.merges) { type = "BPE" }
        guard type == nil || type == "Unigram" else { return }
        unk_id = try values.decodeIfPresent(Int.self, forKey: .unk_id)
        byte_fallback = try values.decodeIfPresent(Bool.self, forKey: .byte_fallback)
        vocab = try values.decode([Entry].self, forKey: .vocab)
    }
}
