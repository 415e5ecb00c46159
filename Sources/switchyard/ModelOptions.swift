import ArgumentParser

/// The precision weights are held in.
enum WeightPrecision: String, ExpressibleByArgument, CaseIterable {
    case auto
    case f32
}

/// The flags every command that runs a model has.
struct ModelOptions: ParsableArguments {
    @Argument(help: "A directory in the Hugging Face layout.")
    var modelDirectory: String

    @Option(help: "The precision weights are held in. auto is the fastest that is exact on this machine.")
    var weights = WeightPrecision.auto

    @Option(help: "Threads that compute. Default: one for each core this process may use.")
    var threads: Int?

    @Option(help: "The longest prompt accepted, in tokens.")
    var maxInputTokens = 4096

    @Option(help: "The most tokens a request may generate, and how many it gets when it does not say.")
    var maxOutputTokens = 512

    func validate() throws {
        try Limit.check("--threads", threads ?? 1, in: 1...1024)
        try Limit.check("--max-input-tokens", maxInputTokens, in: 1...1_000_000)
        try Limit.check("--max-output-tokens", maxOutputTokens, in: 1...1_000_000)
    }
}

/// Checks of numbers given as flags.
enum Limit {
    static func check(_ flag: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(flag) is \(value), but must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
