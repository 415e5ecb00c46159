/// What `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` say beside a vocabulary.
///
/// Which file wins is transformers' rule: where `tokenizer_config.json` has an `added_tokens_decoder` the other two do
/// not count; otherwise `special_tokens_map.json` overrides its special tokens.
struct SpecialTokenFiles: Equatable, Sendable {
    /// How many sentinels a `spiece.model` is followed by; nil when no file says.
    var sentinels: Int?
    /// Added tokens in the order they get their ids in: first those a file numbers, by number.
    var tokens: [AddedToken] = []

    /// What T5's tokenizer calls the end, the unknown and the padding where no file does.
    ///
    /// Pieces of these names are special whatever `tokenizer.json` says of them, as are sentinels; nil when the files call
    /// for another class.
    private(set) var namesOfT5: [String]?

    /// What the end is called where T5's tokenizer reads the text; nil when the files call for another class.
    private(set) var endOfT5: String? = SpecialTokens.endOfT5

    /// The class that `tokenizer_config.json` names; nil where it names none.
    private(set) var className: String?

    /// Sentinels a file may ask for.
    private static let maximumSentinels = 1 << 20
    private static let maximumBytes = 64 << 20

    init(sentinels: Int?) { self.sentinels = sentinels }

    init(directory: String) throws(TokenizerError) {
        let configPath = "\(directory)/tokenizer_config.json"
        let config = try Self.read(configPath, SpecialTokens.init) ?? SpecialTokens()
        (sentinels, className) = (config.extra_ids, config.tokenizer_class)
        if let sentinels, !(0...Self.maximumSentinels).contains(sentinels) {
            throw .malformed(file: configPath, reason: "'extra_ids' is \(sentinels)")
        }
        if let numbered = config.added_tokens_decoder {
            try number(numbered, configPath)
            name(config.named)
            (namesOfT5, endOfT5) = (config.namesOfT5, config.endOfT5)
            return
        }
        let map = try Self.read("\(directory)/special_tokens_map.json", SpecialTokens.init) ?? SpecialTokens()
        let addedPath = "\(directory)/added_tokens.json"
        // The map's `additional_special_tokens` do not make those of `added_tokens.json` special.
        var counted = map
        counted.additional_special_tokens = nil
        let specials = Set(config.overridden(by: counted).named.map { Array($0.content.utf8) })
        let added = try Self.read(addedPath) { file throws(TokenizerError) in
            try file.members { id throws(TokenizerError) in try id.integer() }
        }
        try number(
            (added ?? []).map { content, id in
                let isSpecial = specials.contains(Array(content.utf8))
                return ("\(id)", AddedToken(content: content, isNormalized: !isSpecial, isSpecial: isSpecial))
            },
            addedPath
        )
        let overridden = config.overridden(by: map)
        name(overridden.named)
        (namesOfT5, endOfT5) = (overridden.namesOfT5, overridden.endOfT5)
    }

    /// What `make` makes of the file at `path`, nil when there is none.
    private static func read<Content>(
        _ path: String,
        _ make: (TokenizerValue) throws(TokenizerError) -> Content
    ) throws(TokenizerError) -> Content? {
        guard let bytes = try TokenizerFile.readIfPresent(path, limit: maximumBytes) else { return nil }
        return try make(TokenizerValue(bytes, file: path))
    }

    private mutating func number(_ numbered: [(id: String, token: AddedToken)], _ file: String) throws(TokenizerError) {
        for (id, token) in numbered {
            guard let id = Int(id) else { throw .malformed(file: file, reason: "'\(id)' is no token id") }
            var token = token
            token.id = id
            tokens.append(token)
        }
        tokens.sort { $0.id ?? 0 < $1.id ?? 0 }
    }

    /// Adds those of `named` that are not there.
    private mutating func name(_ named: [AddedToken]) {
        var known = Set(tokens.map { Array($0.content.utf8) })
        for token in named where known.insert(Array(token.content.utf8)).inserted {
            var token = token
            token.isSpecial = true
            tokens.append(token)
        }
    }
}
