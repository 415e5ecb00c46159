import JSON
import SwitchModel

/// A request in the words of `/v1/completions`, with what the client called its members.
///
/// Whatever a dialect does not read itself goes on under its own name, so that extensions are the same everywhere.
struct PlainRequest: Sendable {
    private(set) var members: JSONObject
    /// The client's names of members that it called something else, by the plain name.
    private(set) var names: [String: String] = [:]
    /// Members that nobody asked for, as far as a dialect knows.
    private(set) var unknownNames: [String] = []
    /// Alternatives beside each token, where the dialect has a limit of its own.
    var maximumLogprobs: Int?
    /// Where the prompts are parts of one text, which the dialect has counted: none at all are allowed, and no more than
    /// so many are with the engine at once.
    var promptsAtOnce: Int?

    /// What is made of the prompts where nothing is generated.
    var embedding = EmbeddingKind.sentence
    /// What is read of a text that is too long; nil for nothing: it is refused.
    var keptPart: KeptPart?

    /// A part of a text that is cut.
    enum KeptPart: Sendable {
        case start
        case end
    }

    init(_ members: JSONObject) {
        self.members = members
    }

    /// What a dialect leaves of a request.
    init(unreadBy reader: ParameterReader) {
        self.init(reader.unread)
    }

    /// Members of `/v1/completions` that the dialect does not have: they are unknown.
    mutating func drop(_ dropped: Set<String>) {
        passOver(dropped.filter { members[$0] != nil }.sorted())
        for name in dropped { members[name] = nil }
    }

    /// Counts members among the unknown ones, such as those of an object inside.
    mutating func passOver(_ more: some Sequence<String>) {
        unknownNames += more
    }

    /// Says a member of the client's in plain words.
    mutating func set(_ name: String, to value: JSONValue, from client: String) {
        members[name] = value
        names[name] = client == name ? nil : client
    }

    /// Another name for a member of the client's, if it is there.
    mutating func rename(_ client: String, to name: String) {
        guard let value = members.removeValue(forName: client) else { return }
        set(name, to: value, from: client)
    }
}
