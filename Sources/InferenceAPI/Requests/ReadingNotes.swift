import Telemetry

/// What came up while a request was read.
struct ReadingNotes: Sendable {
    /// Members that the server does not know.
    var unknownNames: [String] = []
    var clamped: [ClampedMember] = []
    /// When the prompts became tokens.
    var tokenization: TraceSpan?
}
