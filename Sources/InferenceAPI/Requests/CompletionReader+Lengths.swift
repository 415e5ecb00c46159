import Batching
import Generation

extension CompletionReader {
    /// `max_tokens`, or another name for it, cut to the server's limit; nil where the request leaves it out.
    mutating func readMaximumTokens() throws(APIError) -> Int? {
        let limit = limits.maximumOutputTokens
        let range = (endpoint == .beamSearch ? 1 : 0)...(configuration.isStrict ? limit : Int.max)
        var found: (name: String, tokens: Int)?
        for name in ["max_tokens", "max_completion_tokens", "max_new_tokens"] {
            guard let tokens = try reader.integer(name, in: range) else { continue }
            if let found, found.tokens != tokens {
                throw .invalid(
                    parameter: name,
                    "'\(name)' is another name for '\(found.name)', but they are \(tokens) and \(found.tokens)."
                )
            }
            if tokens > limit { clamped.append(ClampedMember(name: names[name] ?? name, value: limit)) }
            found = found ?? (name, tokens)
        }
        return found.map { min($0.tokens, limit) } ?? (endpoint == .route ? 0 : nil)
    }

    /// The maximum where the request has none: what the model's files say, within the server's limit.
    func ownMaximum(decoderPrompt: [Int32], prompts: [CompletionParameters.Prompt]) -> Int {
        // Of a language model the prompt counts; of several prompts the shortest leaves most room.
        let own = model.architecture == .languageModel ? prompts.map(\.tokens.count).min() ?? 0 : 1
        return model.generation.maximumTokens(given: own + decoderPrompt.count, limit: limits.maximumOutputTokens)
    }
}
