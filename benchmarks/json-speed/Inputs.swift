import JSON

/// What is read and written, the same on every run.
enum Inputs {
    private static func words(_ count: Int, _ random: inout SplitMix) -> String {
        let letters = Array("aaabcdeeeefghiiklmnnnoprrssttuuvwzäöüé")
        return (0..<count).map { _ in
            String(
                (0..<Int.random(in: 2...9, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
            )
        }.joined(separator: " ")
    }

    /// A request whose prompt is a text of about a megabyte; with everything but ASCII as `\u` escapes, as Python writes it.
    static func textBody(escaped: Bool) -> [UInt8] {
        var random = SplitMix(state: 1)
        var text = String(decoding: words(145_000, &random).utf8.prefix(1_000_000), as: UTF8.self)
        if escaped {
            text = text.unicodeScalars.map { $0.isASCII ? String($0) : "\\u00\(String($0.value, radix: 16))" }.joined()
        }
        return Array("{\"model\":\"m\",\"prompt\":\"\(text)\",\"temperature\":0,\"seed\":9007199254740993}".utf8)
    }

    /// A request whose prompts are ids, about a megabyte of them.
    static func tokenBody() -> [UInt8] {
        var random = SplitMix(state: 2)
        let prompts = (0..<256).map { _ in
            "[" + (0..<600).map { _ in "\(Int.random(in: 0..<32_128, using: &random))" }.joined(separator: ", ") + "]"
        }
        return Array("{\"model\": \"m\", \"prompt\": [\(prompts.joined(separator: ", "))], \"temperature\": 0.7}".utf8)
    }

    /// The header of a safetensors file.
    static func header(tensors: Int) -> [UInt8] {
        let entries = (0..<tensors).map { index in
            let name = "decoder.block.\(index / 128).layer.2.mlp.experts.expert_\(index % 128).wi.weight"
            let range = "\(index * 4_718_592),\((index + 1) * 4_718_592)"
            return "\"\(name)\":{\"dtype\":\"BF16\",\"shape\":[3072,768],\"data_offsets\":[\(range)]}"
        }
        return Array("{\"__metadata__\":{\"format\":\"pt\"},\(entries.joined(separator: ","))}".utf8)
    }

    /// A `tokenizer.json` as transformers writes it, indented.
    static func tokenizer(pieces: Int) -> [UInt8] {
        var random = SplitMix(state: 3)
        let entries = (0..<pieces).map { index in
            let score = -Float.random(in: 3...20, using: &random)
            return "      [\n        \"▁\(words(1, &random))\(index)\",\n        \(Double(score))\n      ]"
        }
        let head = "{\n  \"version\": \"1.0\",\n  \"added_tokens\": [],\n  \"normalizer\": null,\n  \"model\": {\n"
        let model = "    \"type\": \"Unigram\",\n    \"unk_id\": 2,\n    \"vocab\": [\n"
        return Array(
            "\(head)\(model)\(entries.joined(separator: ",\n"))\n    ],\n    \"byte_fallback\": false\n  }\n}".utf8
        )
    }

    /// One event of a stream, or an answer of as many tokens with their log-probabilities.
    struct Answer: Encodable {
        struct Choice: Encodable {
            var index = 0
            var text: String
            var tokens: [String]
            var token_logprobs: [Float]
            var top_logprobs: [[String: Float]]
            var text_offset: [Int]
        }

        var id = "cmpl-2119318e9d8d4ce0a60d0113bba9bf14"
        var object = "text_completion"
        var created = 1_795_248_912
        var model = "en-de"
        var system_fingerprint = "fp_d26fd329dca75120"
        var choices: [Choice]
    }

    static func answer(tokens: Int) -> Answer {
        var random = SplitMix(state: 4)
        let texts = (0..<tokens).map { _ in " " + words(1, &random) }
        let scores = texts.map { _ in -Float.random(in: 0...9, using: &random) }
        let choice = Answer.Choice(
            text: texts.joined(),
            tokens: texts,
            token_logprobs: scores,
            top_logprobs: zip(texts, scores).map { [$0: $1, "a": -1.5, "é": -2.25] },
            text_offset: Array(0..<tokens)
        )
        return Answer(choices: [choice])
    }
}
