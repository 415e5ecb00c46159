import Batching
import Checkpoints
import Foundation
import Generation
import SwitchModel
import Synchronization
import Telemetry
import Tensors
import Tokenization

/// Answers many prompts with weights in memory, through the engine that serves them.
///
/// Called on a thread of its own: it blocks until all answers are there.
struct Translator {
    let configuration: SwitchConfiguration
    let tokenizer: any Tokenizer
    /// What the model's files say of generation.
    var generation = GenerationConfiguration()
    /// nil for the model's.
    var beams: Int? = nil
    /// The most tokens of an answer.
    var maximumTokens = 128
    /// Those the model computes on.
    let threads: Int

    /// One answer for each prompt, in order.
    ///
    /// Loads the weights in Float32 and lets them go again.
    ///
    /// - Throws: `CheckpointError` for weights that do not fit the configuration, errors of admission, and what a
    ///   request failed by.
    func answers(to prompts: [String], _ weights: any WeightSource) throws -> [String] {
        let requests = prompts.map(request)
        let longest = requests.reduce(1) { max($0, $1.prompt.count) }
        let cacheBytes = self.cacheBytes
        let model = try self.model(weights, reach: longest + maximumTokens + 1, cacheBytes: cacheBytes)
        var limits = EngineLimits()
        (limits.maximumQueuedRequests, limits.maximumQueuedTokens) = (max(prompts.count, 1), Int.max / 2)
        (limits.maximumInputTokens, limits.maximumCacheBytes) = (longest, cacheBytes)
        limits.maximumRows = max(limits.maximumRows, beams ?? 1)
        let engine = InferenceEngine(
            model,
            limits: limits,
            registry: MetricsRegistry(),
            load: ExpertLoad(layers: [])
        )
        defer { engine.stop() }
        var tickets: [GenerationTicket] = []
        for request in requests { tickets.append(try engine.submit(request, deadline: nil)) }
        let box = AnswerBox()
        Self.collect(tickets, tokenizer, into: box)
        return try box.wait().get()
    }

    private static func collect(_ tickets: [GenerationTicket], _ tokenizer: any Tokenizer, into box: AnswerBox) {
        Task {
            var answers: [String] = []
            for ticket in tickets {
                var answer = ""
                for await event in ticket.events {
                    switch event {
                    case .finished(let choice):
                        answer = tokenizer.decode(choice.tokens, skippingSpecialTokens: true)
                    case .failed(let failure): return box.finish(.failure(failure))
                    default: continue
                    }
                }
                answers.append(answer)
            }
            box.finish(.success(answers))
        }
    }

    private func model(_ weights: any WeightSource, reach: Int, cacheBytes: Int) throws -> SwitchTransformer {
        let context = LoadingContext(
            configuration: configuration,
            workers: Workers(threads: threads),
            reach: reach
        )
        return try SwitchTransformer(WeightScope(root: weights), context, cache: CacheRoom(.float32, bytes: cacheBytes))
    }

    /// For keys and values of all answers that are made at the same time.
    private var cacheBytes: Int {
        min(
            2 << 30,
            MachineShare.current().cacheBytes(besideWeights: configuration.weightBytes(ModelPrecision(.float32)))
        )
    }

    private func request(for prompt: String) -> GenerationRequest {
        var request = GenerationRequest(
            prompt: configuration.prompt(tokenizer.encode(prompt)),
            stop: StopCondition(maximumTokens: maximumTokens, endTokens: configuration.endTokens)
        )
        request.constraints = generation.constraints
        request.strategy = strategy
        return request
    }

    private var strategy: GenerationRequest.Strategy {
        var asked = AskedStrategy()
        asked.words.beams = beams
        return asked.strategy(generation, .model, isLanguageModel: false, maximumRows: Self.maximumBeams)
    }

    /// Beams that translations are searched with; 1 for none.
    var width: Int { if case .beam(let beam) = strategy { beam.beams } else { 1 } }

    /// Beams that the model's own word is cut to.
    private static let maximumBeams = 64
}

/// Answers on their way from the task that collects them to the thread that waits.
private final class AnswerBox: Sendable {
    private let answers = Mutex<Result<[String], GenerationFailure>>(.success([]))
    private let done = DispatchSemaphore(value: 0)

    func finish(_ all: Result<[String], GenerationFailure>) {
        answers.withLock { $0 = all }
        done.signal()
    }

    func wait() -> Result<[String], GenerationFailure> {
        done.wait()
        return answers.withLock { $0 }
    }
}
