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
            switch (valueless.contains(flag), value) {
            case (false, _): added += values(of: flag, in: value).map { "--\(flag)=\($0)" }
            case (true, "true"), (true, "1"): added.append("--\(flag)")
            case (true, "false"), (true, "0"): break
            // The parser says what it thinks of it.
            case (true, _): added.append("--\(flag)=\(value)")
            }
        }
        guard let end = arguments.firstIndex(of: "--") else { return arguments + added }
        return Array(arguments[..<end]) + added + arguments[end...]
    }

    private static func values(of flag: String, in value: String) -> [String] {
        repeatable.contains(flag) ? value.split(separator: ",").map(String.init) : [value]
    }

    /// Set by `true` or `1`, left alone by `false` or `0`.
    private static let valueless: Set<String> = ["metrics-public"]
    private static let repeatable: Set<String> = ["cors-origin", "otlp-header"]

    private static let modelFlags = [
        "weights", "instruction-set", "cache-type", "cache-memory", "threads", "max-input-tokens", "max-output-tokens",
        "capacity-mode", "expert-capacity", "expert-memory",
    ]

    private static let flags: [String: [String]] = [
        "serve": [
            modelFlags, ConnectionOptions.flags, AdmissionOptions.flags, AccessOptions.flags,
            ObservabilityOptions.flags,
            TLSOptions.flags, ["host", "port", "model-id", "expert-metrics", "log-level", "log-format"],
        ].flatMap { $0 },
        "generate": modelFlags,
        "bench": modelFlags,
        "accuracy": modelFlags,
        "inspect": [],
    ]
}
