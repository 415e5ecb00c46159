import ArgumentParser
import InferenceAPI

/// Flags on what clients call the model, and on how it reads their conversations.
struct NamingOptions: ParsableArguments {
    @Option(
        help: """
            The model's name in the API; may be repeated, the first is the one that answers give. Default: the directory's \
            name.
            """
    )
    var modelId: [String] = []

    @Flag(help: "Take requests for a model of any name.")
    var anyModel = false

    @Option(
        help: """
            How a conversation becomes a prompt: last-user, joined, or a file with what stands around each turn. Default: \
            last-user, of a model without an encoder joined.
            """
    )
    var chatPrompt: String?

    func validate() throws {
        guard !modelId.contains("") else { throw ValidationError("--model-id must not be empty.") }
    }

    /// - Throws: what is wrong with the file of `--chat-prompt`.
    func apply(to configuration: inout APIConfiguration) throws {
        configuration.modelAliases = Array(modelId.dropFirst())
        configuration.acceptsAnyModel = anyModel
        configuration.chatPrompt = try chatPrompt.map(Self.rule)
    }

    private static func rule(_ text: String) throws(ChatTemplateError) -> ChatPrompt {
        switch text {
        case ChatPrompt.lastUser.name: .lastUser
        case ChatPrompt.joined.name: .joined
        default: .template(try ChatTemplate(contentsOf: text))
        }
    }
}
