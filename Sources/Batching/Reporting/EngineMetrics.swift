import Generation
import Telemetry

/// What the engine counts.
///
/// Names without prefix: `requests_running`, `engine_step_seconds` and so on.
struct EngineMetrics: Sendable {
    let running: Gauge
    let cacheBytes: Gauge
    let promptTokens: Counter
    let generatedTokens: Counter
    private let scoredTokens: Counter
    let requestPromptTokens: Histogram
    let requestGeneratedTokens: Histogram
    let requestBeams: Histogram
    let queueSeconds: Histogram
    let encodeSeconds: Histogram
    let decodeSeconds: Histogram
    let requestSeconds: Histogram
    let timeToFirstToken: Histogram
    let interTokenSeconds: Histogram
    let batchSize: Histogram
    let encodeSteps: Counter
    let decodeSteps: Counter
    let encodeStepSeconds: Histogram
    let decodeStepSeconds: Histogram
    let rejections: AdmissionRejections
    private let finished: [String: Counter]

    private static let latency: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]
    private static let perToken: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
    private static let tokens: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]

    init(_ registry: MetricsRegistry) {
        func name(_ name: String) -> String { "switchyard_\(name)" }
        func seconds(_ metric: String, _ help: String, buckets: [Double] = EngineMetrics.latency) -> Histogram {
            registry.histogram(name(metric), help, buckets: buckets)
        }
        running = registry.gauge(name("requests_running"), "Requests being encoded or decoded.")
        cacheBytes = registry.gauge(name("kv_cache_bytes"), "Bytes set aside for keys and values of running requests.")
        promptTokens = registry.counter(name("prompt_tokens"), "Prompt tokens encoded.")
        generatedTokens = registry.counter(name("generated_tokens"), "Tokens sent to clients.")
        scoredTokens = registry.counter(name("scored_tokens"), "Labels and tokens of continuations that were scored.")
        requestPromptTokens = registry.histogram(
            name("request_prompt_tokens"),
            "Prompt tokens of a request.",
            buckets: Self.tokens
        )
        requestGeneratedTokens = registry.histogram(
            name("request_generated_tokens"),
            "Generated tokens of a request.",
            buckets: Self.tokens
        )
        requestBeams = registry.histogram(
            name("request_num_beams"),
            "Decoder rows a request asked for.",
            buckets: [1, 2, 4, 8, 16, 32]
        )
        queueSeconds = seconds("request_queue_seconds", "Time from acceptance to encoding.")
        encodeSeconds = seconds("request_encode_seconds", "Time from the start of encoding to its end.")
        decodeSeconds = seconds("request_decode_seconds", "Time from the end of encoding to the last token.")
        requestSeconds = seconds("request_duration_seconds", "Time from acceptance to the last token.")
        timeToFirstToken = seconds("time_to_first_token_seconds", "Time from acceptance to the first token.")
        interTokenSeconds = seconds(
            "inter_token_seconds",
            "Time between tokens of a request.",
            buckets: Self.perToken
        )
        batchSize = registry.histogram(
            name("batch_size"),
            "Decoder rows of a step.",
            buckets: [1, 2, 4, 8, 16, 32, 64]
        )
        (encodeSteps, encodeStepSeconds) = Self.phase("encode", registry)
        (decodeSteps, decodeStepSeconds) = Self.phase("decode", registry)
        finished = Dictionary(
            uniqueKeysWithValues: ["stop", "length", "cancelled", "deadline", "error"].map { reason in
                (
                    reason,
                    registry.counter(
                        name("requests_finished"),
                        "Requests that ended.",
                        [MetricLabel("reason", reason)]
                    )
                )
            }
        )
        rejections = AdmissionRejections(registry)
    }

    private static func phase(_ phase: String, _ registry: MetricsRegistry) -> (Counter, Histogram) {
        let labels = [MetricLabel("phase", phase)]
        return (
            registry.counter("switchyard_engine_steps", "Forward passes, or slices of one.", labels),
            registry.histogram(
                "switchyard_engine_step_seconds",
                "Time of a forward pass, or a slice of one.",
                buckets: perToken,
                labels
            )
        )
    }

    func countFinished(_ reason: FinishReason) {
        switch reason {
        case .stop: finished["stop"]?.increment()
        case .length: finished["length"]?.increment()
        }
    }

    /// A request that asked how probable so many tokens are has its answer.
    func countScored(tokens: Int) {
        scoredTokens.increment(by: UInt64(tokens))
        countFinished(.stop(.endToken))
    }

    func countFailed(_ failure: GenerationFailure) {
        switch failure {
        case .cancelled: finished["cancelled"]?.increment()
        case .deadline: finished["deadline"]?.increment()
        case .shuttingDown, .nothingAllowed, .notANumber, .ranksLost: finished["error"]?.increment()
        }
    }
}
