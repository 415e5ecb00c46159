/// A `tokenizer.json` as it is written, key by key.
struct TokenizerDescription {
    /// A normalizer, pre_tokenizer, post_processor or decoder: its type, and the keys of those this server knows.
    struct Component {
        struct Pattern {
            var String: Swift.String?
            var Regex: Swift.String?
        }

        /// An element of a template.
        enum TemplatePart {
            case sequence
            case specialToken(name: String)
            case unknown
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
        struct Entry {
            let piece: String
            let score: Double
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
