import ArgumentParser

/// Flags on how much is taken in, and what becomes of it at the end.
struct AdmissionOptions: ParsableArguments {
    @Option(help: "Sequences and beams decoded together.")
    var maxSequences = 64

    @Option(help: "Requests that may wait; more are refused with 503.")
    var maxQueuedRequests = 256

    @Option(help: "Tokens that waiting requests may come to, prompts and outputs; more are refused with 503.")
    var maxQueuedTokens = 262_144

    @Option(help: "Prompt tokens computed between two steps of running requests.")
    var maxBatchTokens = 2048

    @Option(help: "Items one request may have scored; more are refused with 400.")
    var maxScoredItems = 256

    @Option(help: "Continuations one request may have scored after each item; more are refused with 400.")
    var maxScoredContinuations = 256

    @Option(help: "Labels, and tokens of all continuations, scored after one prompt; more are refused with 400.")
    var maxScoredTokens = 4096

    @Option(help: "Seconds a request may take.")
    var requestTimeout = 300

    @Option(help: "Seconds after SIGTERM in which the server still takes requests, though /readyz no longer says so.")
    var drainDelay = 0

    @Option(help: "Seconds that accepted requests then get to finish.")
    var drainTimeout = 30

    func validate() throws {
        try Limit.check("--max-sequences", maxSequences, in: 1...4096)
        try Limit.check("--max-queued-requests", maxQueuedRequests, in: 1...1_000_000)
        try Limit.check("--max-queued-tokens", maxQueuedTokens, in: 1...1_000_000_000)
        try Limit.check("--max-batch-tokens", maxBatchTokens, in: 1...1_000_000)
        try Limit.check("--max-scored-items", maxScoredItems, in: 1...100_000)
        try Limit.check("--max-scored-continuations", maxScoredContinuations, in: 1...100_000)
        try Limit.check("--max-scored-tokens", maxScoredTokens, in: 2...1_000_000)
        try Limit.check("--request-timeout", requestTimeout, in: 1...86400)
        try Limit.check("--drain-delay", drainDelay, in: 0...86400)
        try Limit.check("--drain-timeout", drainTimeout, in: 0...86400)
    }
}
