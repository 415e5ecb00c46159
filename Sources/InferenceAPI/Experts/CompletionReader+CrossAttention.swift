import Batching
import Generation
import JSON

extension CompletionReader {
    /// `return_cross_attention`, and of which decoder block: the last unless `cross_attention_block` says another.
    ///
    /// - Throws: what is wrong with either, or that the weights would be more than one answer may hold.
    mutating func readCrossAttention(into parameters: inout CompletionParameters) throws(APIError) {
        guard endpoint == .route else { return }
        let name = "return_cross_attention"
        let block = try reader.integer("cross_attention_block", in: 0...max(model.decoderBlocks - 1, 0))
        guard try reader.flag(name) ?? false else { return }
        guard model.architecture == .encoderDecoder else {
            throw .invalid(parameter: name, "'\(name)' needs an encoder, which this model does not have.")
        }
        let template = parameters.template
        let tokens = template.decoderPrompt.count + template.stop.maximumTokens
        let (prompt, limit) = (parameters.promptTokens, configuration.maximumAttentionWeights)
        guard prompt * tokens <= limit else {
            throw .invalid(
                parameter: name,
                "'\(name)' of \(prompt) tokens of the prompt and \(tokens) of the output comes to \(prompt * tokens) "
                    + "weights, but at most \(limit) are allowed."
            )
        }
        parameters.template.crossAttentionBlock = block ?? model.decoderBlocks - 1
    }
}
