/// What a checkpoint's files say of generation, as transformers 5.23.0 reads them.
///
/// `constraints` and `maximum` belong to the model: they hold unless a request says otherwise by the same name. `defaults`
/// are followed where a request leaves its own word out, and the server's operator lets the model speak.
package struct GenerationConfiguration: Equatable, Sendable {
    /// How long an output may get.
    package enum Maximum: Equatable, Sendable {
        /// `max_new_tokens`.
        case newTokens(Int)
        /// `max_length`: start token, forced tokens and a language model's prompt count.
        case length(Int)
    }

    /// One key that the files hold, for people.
    package struct Entry: Equatable, Sendable {
        /// What becomes of a key.
        package enum Effect: Int, Comparable, Sendable {
            /// It belongs to the model.
            case always
            /// Followed where a request does not say, if the model speaks there.
            case unlessAsked
            case none

            /// In the order in which they are told.
            package static func < (a: Effect, b: Effect) -> Bool { a.rawValue < b.rawValue }

            /// The end of a sentence that begins with what has the effect.
            package func text(_ speaker: AskedStrategy.Speaker) -> String {
                switch (self, speaker) {
                case (.always, _): "followed"
                case (.unlessAsked, .model): "followed where a request does not say"
                case (.unlessAsked, .openai): "not followed, by --generation-defaults openai"
                case (.none, _): "without effect here"
                }
            }
        }

        package var key: String
        /// As JSON, cut short where it is long.
        package var value: String
        package var effect: Effect
    }

    package var constraints = LogitsConstraints()
    package var maximum: Maximum?
    package var defaults = PickingWords()
    /// The file that was read: `generation_config.json`, or `config.json` where there is none.
    package var source = "generation_config.json"
    /// Every key that was found, sorted.
    package var entries: [Entry] = []

    package init() {}

    /// Tokens that may be generated where a request does not say.
    ///
    /// - Parameters:
    ///   - given: tokens of the output that are there already: start token, forced ones, a language model's prompt.
    ///   - limit: of the server.
    package func maximumTokens(given: Int, limit: Int) -> Int {
        switch maximum {
        case nil: limit
        case .newTokens(let count): min(count, limit)
        case .length(let length): min(max(length - given, 1), limit)
        }
    }
}
