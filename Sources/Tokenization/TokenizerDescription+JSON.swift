import JSON

extension TokenizerDescription {
    /// - Parameter file: for error messages.
    /// - Throws: `TokenizerError.malformed`, which says where.
    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        let value = try TokenizerValue(bytes, file: file)
        func component(_ name: String) throws(TokenizerError) -> Component? {
            guard let member = try value.member(name) else { return nil }
            return try Component(member)
        }
        added_tokens = try value.list("added_tokens", AddedToken.init)
        normalizer = try component("normalizer")
        pre_tokenizer = try component("pre_tokenizer")
        post_processor = try component("post_processor")
        decoder = try component("decoder")
        model = try Model(value.required("model"))
    }
}

extension TokenizerDescription.Component {
    init(_ value: TokenizerValue) throws(TokenizerError) {
        type = try value.required("type").text()
        normalizers = try value.list("normalizers", Self.init)
        pretokenizers = try value.list("pretokenizers", Self.init)
        decoders = try value.list("decoders", Self.init)
        precompiled_charsmap = try value.member("precompiled_charsmap")?.text()
        strip_left = try value.member("strip_left")?.flag()
        strip_right = try value.member("strip_right")?.flag()
        if let pattern = try value.member("pattern") {
            self.pattern = Pattern(
                String: try pattern.member("String")?.text(),
                Regex: try pattern.member("Regex")?.text()
            )
        }
        content = try value.member("content")?.text()
        replacement = try value.member("replacement")?.text()
        prepend_scheme = try value.member("prepend_scheme")?.text()
        add_prefix_space = try value.member("add_prefix_space")?.flag()
        split = try value.member("split")?.flag()
        single = try value.list("single", TemplatePart.init)
    }
}

extension TokenizerDescription.Component.TemplatePart {
    init(_ value: TokenizerValue) throws(TokenizerError) {
        if try value.member("Sequence") != nil {
            self = .sequence
        } else if let token = try value.member("SpecialToken") {
            self = .specialToken(name: try token.required("id").text())
        } else {
            self = .unknown
        }
    }
}

extension TokenizerDescription.Model {
    /// Other types of model are not read further than their type, files of old that do not say one than their merges.
    init(_ value: TokenizerValue) throws(TokenizerError) {
        type = try value.member("type")?.text()
        if type == nil, try value.member("merges") != nil { type = "BPE" }
        guard type == nil || type == "Unigram" else { return }
        unk_id = try value.member("unk_id")?.integer()
        byte_fallback = try value.member("byte_fallback")?.flag()
        vocab = try Self.vocabulary(value.required("vocab"))
    }

    private static func vocabulary(_ value: TokenizerValue) throws(TokenizerError) -> [Entry] {
        guard case .array(let entries) = value.json else { throw value.mismatch("an array") }
        var vocabulary: [Entry] = []
        vocabulary.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard case .array(let pair) = entry, pair.count == 2, case .string(let piece) = pair[0],
                let score = pair[1].asNumber
            else {
                throw .malformed(
                    file: value.file,
                    reason: "'\(value.path).\(index)' is no array of a piece and its score"
                )
            }
            vocabulary.append(Entry(piece: piece, score: DecimalReading.rounded(score)))
        }
        return vocabulary
    }
}
