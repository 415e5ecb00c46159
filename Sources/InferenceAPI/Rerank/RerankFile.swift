import JSON
package import Tokenization

/// `rerank.json` of a model directory.
package struct RerankFile {
    package static let name = "rerank.json"

    private static let names: Set = [
        "prompt", "relevant_token", "relevant_token_id", "irrelevant_token", "irrelevant_token_id",
        "max_document_tokens",
    ]

    private let members: JSONObject

    /// What the file of a directory says; nil when there is none.
    ///
    /// - Parameter tokenizer: the model's, whose vocabulary must have the two tokens.
    /// - Throws: what is wrong with the file, naming the member.
    package static func template(
        inDirectory directory: String,
        _ tokenizer: (any Tokenizer)?
    ) throws(RerankFileError) -> RerankTemplate? {
        let bytes: [UInt8]?
        do {
            bytes = try DirectoryFile.bytes(of: name, inDirectory: directory)
        } catch {
            throw RerankFileError(reason: error.reason)
        }
        return try bytes.map { bytes throws(RerankFileError) in try template(bytes, tokenizer) }
    }

    static func template(_ bytes: [UInt8], _ tokenizer: (any Tokenizer)?) throws(RerankFileError) -> RerankTemplate {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw RerankFileError(reason: "\(error)")
        }
        guard case .object(let members) = value else {
            throw RerankFileError(reason: "it must be an object, but it is \(value.kind)")
        }
        if let unknown = members.without(names).names.min() {
            throw RerankFileError(
                reason: "it may have \(names.sorted().joined(separator: ", ")), but it has '\(unknown.excerpt)'"
            )
        }
        guard let tokenizer else { throw RerankFileError(reason: "the model has no tokenizer") }
        return try RerankFile(members: members).template(tokenizer)
    }

    private func template(_ tokenizer: any Tokenizer) throws(RerankFileError) -> RerankTemplate {
        let relevant = try token("relevant_token", else: "▁true", tokenizer)
        let irrelevant = try token("irrelevant_token", else: "▁false", tokenizer)
        guard relevant != irrelevant else {
            throw RerankFileError(reason: "'relevant_token' and 'irrelevant_token' are the same token, \(relevant)")
        }
        let template = RerankTemplate(
            prompt: try text("prompt") ?? RerankTemplate.prompt,
            relevant: relevant,
            irrelevant: irrelevant,
            maximumDocumentTokens: try integer("max_document_tokens", from: 1)
        )
        guard let template else {
            throw RerankFileError(reason: "'prompt' must have {query} and {document} once each")
        }
        return template
    }

    private func token(
        _ name: String,
        else text: String,
        _ tokenizer: any Tokenizer
    ) throws(RerankFileError) -> Int32 {
        let (named, number) = (try self.text(name), try integer(name + "_id", from: 0))
        guard named == nil || number == nil else {
            throw RerankFileError(reason: "'\(name)' and '\(name)_id' must not both be there")
        }
        let token = number.map { NamedToken.id($0) } ?? .text(named ?? text)
        guard let id = token.id(in: tokenizer) else {
            throw RerankFileError(
                reason: number == nil
                    ? "'\(name)' is \(named ?? text), which the vocabulary does not have"
                    : "'\(name)_id' must be below \(tokenizer.vocabularySize), the size of the vocabulary"
            )
        }
        return Int32(id)
    }

    private func text(_ name: String) throws(RerankFileError) -> String? {
        switch members[name] {
        case nil, .null: return nil
        case .string(let text) where !text.isEmpty: return text
        default: throw RerankFileError(reason: "'\(name)' must be a string that is not empty")
        }
    }

    private func integer(_ name: String, from least: Int) throws(RerankFileError) -> Int? {
        guard let value = members[name], value != .null else { return nil }
        guard let number = value.asInteger, (least...Int(Int32.max)).contains(number) else {
            throw RerankFileError(reason: "'\(name)' must be an integer from \(least) to \(Int32.max)")
        }
        return number
    }
}

/// Why `rerank.json` cannot be followed.
package struct RerankFileError: Error, Equatable, CustomStringConvertible {
    let reason: String

    package var description: String { "\(RerankFile.name) cannot be followed: \(reason)" }
}
