import Batching
import Foundation
import Generation
import SwitchModel
import Tokenization

/// Turns one line of text into a request and prints the answer.
struct PromptRunner {
    let tokenizer: (any Tokenizer)?
    let configuration: SwitchConfiguration
    let generation: GenerationConfiguration
    let options: Generate
    /// Beams that the model's own word is cut to.
    let maximumRows: Int

    /// Why a prompt could not be answered.
    enum Failure: Error, CustomStringConvertible {
        case notTokenIDs(String)
        case empty
        case outsideVocabulary(Int32, size: Int)
        case refused(AdmissionError)
        case failed(GenerationFailure)

        var description: String {
            switch self {
            case .notTokenIDs(let text):
                "the model has no tokenizer, so a prompt must be token ids separated by spaces, not '\(text.prefix(80))'"
            case .empty: "the prompt is empty"
            case .outsideVocabulary(let id, let size): "token id \(id) is outside the vocabulary of \(size)"
            case .refused(let error): "the prompt was refused: \(error)"
            case .failed(let failure): "generation failed: \(failure)"
            }
        }
    }

    private struct Answer: Encodable {
        let text: String
        let token_ids: [Int32]
        let score: Float?
        let cumulative_logprob: Float
    }

    /// Prints the answers to a prompt on standard output: a line each, or one JSON array.
    ///
    /// - Throws: `Failure`: what is wrong with the prompt, or why it was refused or failed.
    func answer(_ prompt: String, _ engine: InferenceEngine) async throws {
        var answers: [Answer] = []
        do {
            let ticket = try engine.submit(try request(for: prompt), deadline: nil)
            for await event in ticket.events {
                switch event {
                case .finished(let choice): answers.append(answer(choice, to: prompt))
                case .failed(let failure): throw Failure.failed(failure)
                case .encoded, .embedding, .scores, .token, .beamStep, .completed: break
                }
            }
        } catch let error as AdmissionError {
            throw Failure.refused(error)
        }
        if options.json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(answers), as: UTF8.self))
        } else {
            for answer in answers { print(tokenizer == nil ? "\(answer.token_ids)" : answer.text) }
        }
    }

    private func request(for prompt: String) throws(Failure) -> GenerationRequest {
        let ids = try tokens(of: prompt)
        guard !ids.isEmpty else { throw .empty }
        if let outside = ids.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
            throw .outsideVocabulary(outside, size: configuration.vocabularySize)
        }
        let isLanguageModel = configuration.architecture == .decoderOnly
        let own = generation.maximumTokens(
            given: isLanguageModel ? ids.count : 1,
            limit: options.model.maxOutputTokens
        )
        var request = GenerationRequest(
            prompt: ids,
            stop: StopCondition(maximumTokens: options.maxTokens ?? own, endTokens: configuration.endTokens)
        )
        request.constraints = generation.constraints
        request.strategy = asked.strategy(
            generation,
            options.generation.generationDefaults,
            isLanguageModel: isLanguageModel,
            maximumRows: maximumRows
        )
        request.seed(options.seed)
        return request
    }

    private var asked: AskedStrategy {
        var asked = AskedStrategy()
        asked.choices = options.returned
        asked.words.beams = options.beams
        asked.words.lengthPenalty = options.lengthPenalty
        asked.words.earlyStopping = options.earlyStopping?.value
        asked.words.temperature = options.temperature
        return asked
    }

    private func tokens(of prompt: String) throws(Failure) -> [Int32] {
        if let tokenizer { return configuration.prompt(tokenizer.encode(prompt)) }
        let words = prompt.split(whereSeparator: \.isWhitespace)
        let ids = words.compactMap { Int32($0) }
        guard ids.count == words.count else { throw .notTokenIDs(prompt) }
        return ids
    }

    private func answer(_ choice: FinishedChoice, to prompt: String) -> Answer {
        let continuesText = configuration.architecture == .decoderOnly && !prompt.isEmpty
        return Answer(
            text: tokenizer?.decode(choice.tokens, skippingSpecialTokens: true, continuesText: continuesText) ?? "",
            token_ids: choice.tokens,
            score: choice.beamScore,
            cumulative_logprob: choice.cumulativeLogprob
        )
    }
}
