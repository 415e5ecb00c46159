import Generation

/// The server-sent events of one answer, in the order they are asked for: one beginning, parts, one end.
protocol AnswerEvents: Sendable {
    /// Before there is anything to say.
    mutating func begin() -> [ServerSentEvent]
    /// A step of a beam search, before the parts that became certain by it.
    mutating func step(_ step: BeamStep) -> [ServerSentEvent]
    /// - Parameter usage: of the whole request so far, this part included.
    mutating func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent]
    /// After the last part of every choice.
    mutating func end(_ usage: Usage) -> [ServerSentEvent]
    /// In place of an end.
    mutating func failure(_ error: APIError) -> [ServerSentEvent]
}

extension AnswerEvents {
    mutating func begin() -> [ServerSentEvent] { [] }
    mutating func step(_ step: BeamStep) -> [ServerSentEvent] { [] }
}
