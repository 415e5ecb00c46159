import ArgumentParser
import HTTPServing
import InferenceAPI

/// Flags on who may use the server.
struct AccessOptions: ParsableArguments {
    @Option(
        help: """
            A file of API keys: on each line a key, or a name and a key, then requests=N and tokens-per-minute=N. \
            Read again at SIGHUP.
            """
    )
    var apiKeyFile: String?

    @Option(help: "Generation requests one key may have running, where its line does not say.")
    var maxRequestsPerKey: Int?

    @Option(help: "Prompt and generated tokens one key may use in a minute, where its line does not say.")
    var maxTokensPerMinute: Int?

    @Flag(help: "Answer /metrics without a key.")
    var metricsPublic = false

    @Option(help: "A web page's origin, such as https://chat.example, that may use the server; may be repeated.")
    var corsOrigin: [String] = []

    func validate() throws {
        for (flag, limit) in [
            ("--max-requests-per-key", maxRequestsPerKey), ("--max-tokens-per-minute", maxTokensPerMinute),
        ] {
            guard let limit else { continue }
            guard apiKeyFile != nil else { throw ValidationError("\(flag) needs --api-key-file.") }
            try Limit.check(flag, limit, in: 1...1_000_000_000)
        }
        do {
            _ = try CORSPolicy(origins: corsOrigin)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// What the file of keys holds now; nil without one.
    func keys() throws(APIKeyFileError) -> APIKeys? {
        guard let apiKeyFile else { return nil }
        let defaults = KeyLimits(requests: maxRequestsPerKey, tokensPerMinute: maxTokensPerMinute)
        return try APIKeys(contentsOf: apiKeyFile, defaults: defaults)
    }

    /// The keys a guard checks by and SIGHUP replaces; nil without a file of keys.
    ///
    /// - Throws: what is wrong with the file, by line.
    func keyRing() throws(APIKeyFileError) -> KeyRing? {
        try keys().map(KeyRing.init)
    }

    /// The handler behind what the flags ask for.
    func guarded(_ handler: any HTTPHandler, by keys: KeyRing?) throws -> any HTTPHandler {
        var handler = handler
        if let keys {
            let open = metricsPublic ? APIKeyGuard.probes.union(APIKeyGuard.metrics) : APIKeyGuard.probes
            handler = APIKeyGuard(keys: keys, openPaths: open, handler: handler)
        }
        if !corsOrigin.isEmpty { handler = CORSHandler(policy: try CORSPolicy(origins: corsOrigin), handler: handler) }
        return handler
    }
}
