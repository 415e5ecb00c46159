import JSON

/// The keys of `tokenizer_config.json` and `special_tokens_map.json` that name tokens.
struct SpecialTokens {
    var bos_token: AddedToken?
    var eos_token: AddedToken?
    var unk_token: AddedToken?
    var sep_token: AddedToken?
    var pad_token: AddedToken?
    var cls_token: AddedToken?
    var mask_token: AddedToken?
    var extra_special_tokens: [AddedToken]?
    var additional_special_tokens: [AddedToken]?
    var extra_ids: Int?
    var tokenizer_class: String?
    var added_tokens_decoder: [(id: String, token: AddedToken)]?

    /// Every token there is a name for, in the order transformers adds them.
    var named: [AddedToken] {
        let extra = extra_special_tokens ?? []
        return [bos_token, eos_token, unk_token, sep_token, pad_token, cls_token, mask_token].compactMap { $0 }
            + (extra.isEmpty ? additional_special_tokens ?? [] : extra)
    }

    static let endOfT5 = "</s>"

    private var isOfT5: Bool {
        tokenizer_class.map { name in ["T5", "MT5"].contains { name.hasPrefix($0) } } ?? true
    }

    /// What T5's tokenizer ends a text with; nil for other classes.
    var endOfT5: String? { isOfT5 ? eos_token?.content ?? Self.endOfT5 : nil }

    /// Names that T5's tokenizer gives to the end, the unknown and the padding when no file does; nil for other classes.
    var namesOfT5: [String]? {
        guard isOfT5 else { return nil }
        return [(eos_token, Self.endOfT5), (unk_token, "<unk>"), (pad_token, "<pad>")].filter { $0.0 == nil }.map(\.1)
    }

    /// What `other` names instead where it does.
    func overridden(by other: SpecialTokens) -> SpecialTokens {
        var result = self
        result.bos_token = other.bos_token ?? bos_token
        result.eos_token = other.eos_token ?? eos_token
        result.unk_token = other.unk_token ?? unk_token
        result.sep_token = other.sep_token ?? sep_token
        result.pad_token = other.pad_token ?? pad_token
        result.cls_token = other.cls_token ?? cls_token
        result.mask_token = other.mask_token ?? mask_token
        result.extra_special_tokens = other.extra_special_tokens ?? extra_special_tokens
        result.additional_special_tokens = other.additional_special_tokens ?? additional_special_tokens
        return result
    }
}

extension SpecialTokens {
    init(_ value: TokenizerValue) throws(TokenizerError) {
        func token(_ name: String) throws(TokenizerError) -> AddedToken? {
            guard let member = try value.member(name) else { return nil }
            return try AddedToken(member)
        }
        bos_token = try token("bos_token")
        eos_token = try token("eos_token")
        unk_token = try token("unk_token")
        sep_token = try token("sep_token")
        pad_token = try token("pad_token")
        cls_token = try token("cls_token")
        mask_token = try token("mask_token")
        extra_special_tokens = try Self.several(value.member("extra_special_tokens"))
        additional_special_tokens = try Self.several(value.member("additional_special_tokens"))
        extra_ids = try value.member("extra_ids")?.integer()
        tokenizer_class = try value.member("tokenizer_class")?.text()
        added_tokens_decoder = try value.member("added_tokens_decoder")?.members(AddedToken.init)
            .map { (id: $0.name, token: $0.value) }
    }

    /// Tokens in a list, or by a name of their own.
    private static func several(_ value: TokenizerValue?) throws(TokenizerError) -> [AddedToken]? {
        guard let value else { return nil }
        if case .array = value.json { return try value.elements(AddedToken.init) }
        return try value.members(AddedToken.init).sorted { $0.name < $1.name }.map(\.value)
    }
}
