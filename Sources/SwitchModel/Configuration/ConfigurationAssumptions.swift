package import JSON

/// What the operator says of a checkpoint without `config.json`, in the words of that file.
package struct ConfigurationAssumptions: Equatable, Sendable {
    /// By key; whole numbers, numbers, true and false are what they look like, everything else is text.
    package let members: JSONObject

    /// Nothing.
    package init() { members = [:] }

    /// What shapes of tensors do not tell; everything else they do.
    package static let keys = [
        "decoder_start_token_id", "dense_act_fn", "eos_token_id", "expert_capacity", "layer_norm_epsilon",
        "pad_token_id",
        "relative_attention_max_distance",
    ]

    /// Reads `KEY=VALUE`, one each.
    ///
    /// - Throws: `.unsupported` for another key, and for text of another form.
    package init(_ texts: [String]) throws(ConfigurationError) {
        var members: JSONObject = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, Self.keys.contains(parts[0]) else {
                let expected = "KEY=VALUE, where KEY is one of " + Self.keys.joined(separator: ", ")
                throw .unsupported(file: "--assume", key: parts.first ?? "", value: "'\(text)'", expected: expected)
            }
            let value = try? JSONParser.parse(Array(parts[1].utf8))
            members[parts[0]] = value?.isNumber == true ? value : .string(parts[1])
        }
        self.members = members
    }
}
