/// Lets every flag also be an environment variable: `SWITCHYARD_PORT` for `--port`.
///
/// The flag wins.
enum EnvironmentFlags {
    private static let prefix = "SWITCHYARD_"

    /// Appends to `arguments` the flags of their sub-command that only the environment gives.
    ///
    /// A flag that may be repeated takes its values from one variable, separated by commas.
    static func merged(_ arguments: [String], environment: [String: String]) -> [String] {
        guard let name = arguments.first, let flags = flags[name] else { return arguments }
        let given = Set(
            arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map {
                String($0.dropFirst(2).prefix { $0 != "=" })
            }
        )
        var added: [String] = []
        for flag in flags where !given.contains(flag) {
            let variable = prefix + flag.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
            guard let value = environment[variable], !value.isEmpty else { continue }
            added.append("--\(flag)=\(value)")
        }
        guard let end = arguments.firstIndex(of: "--") else { return arguments + added }
        return Array(arguments[..<end]) + added + arguments[end...]
    }

    private static let modelFlags = [
        "weights", "instruction-set", "cache-type", "cache-memory", "threads", "max-input-tokens", "max-output-tokens",
    ]

    private static let flags: [String: [String]] = [
        "serve": modelFlags + ConnectionOptions.flags + TLSOptions.flags + [
            "host", "port", "model-id", "max-sequences", "max-queued-requests", "max-batch-tokens", "request-timeout",
            "drain-timeout", "expert-metrics", "log-level", "log-format",
        ],
        "generate": modelFlags,
        "bench": modelFlags,
        "accuracy": modelFlags,
        "inspect": [],
    ]
}
