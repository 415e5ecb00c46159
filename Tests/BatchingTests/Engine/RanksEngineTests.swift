import Checkpoints
import Foundation
import Generation
import Ranks
import SwitchModel
import Synchronization
import Telemetry
import Tensors
import TestSupport
import Testing

@testable import Batching

/// Ranks that all serve: whichever a request reaches, its answer has the bits of one process that runs it alone.
@Suite struct RanksEngineTests {
    /// A model and how its weights are held.
    struct Holding: CustomTestStringConvertible {
        var fixture = "tiny-f16-bias"
        var precision = WeightPrecision.float32
        var memory: Int?

        static let all = [
            Holding(), Holding(fixture: "tiny-f32-tied", precision: .bfloat16),
            Holding(fixture: "tiny-bf16-untied", precision: .int8), Holding(precision: .int4),
            Holding(fixture: "tiny-language-model"), Holding(precision: .int8, memory: 1),
        ]

        var testDescription: String { "\(fixture) \(precision) \(memory.map { "\($0)" } ?? "")" }
    }

    /// A rank of a job, or the only process there is.
    private struct Server {
        let engine: InferenceEngine
        let spread: ExpertSpread?
        let configuration: SwitchConfiguration
        /// Why it ended of itself.
        let fault = FaultBox()

        init(
            _ holding: Holding,
            as ranks: ThreadRanks? = nil,
            _ patience: RankPatience = RankPatience(timeout: .seconds(30)),
            owners: ((SwitchConfiguration) throws -> ExpertPlacement)? = nil
        ) throws {
            let directory = FixtureCopy.fixtures.appending(path: holding.fixture)
            let checkpoint = try CheckpointDirectory(directory.path)
            configuration = try SwitchConfiguration(directory: directory.path, checkpoint)
            var context = LoadingContext(
                configuration: configuration,
                precision: holding.precision,
                workers: Workers(threads: 1),
                reach: 192
            )
            context.expertMemory = holding.memory.map { ExpertMemory(budget: $0) }
            if let ranks {
                let placement = try owners?(configuration) ?? Self.even(configuration, ranks)
                context.spread = ExpertSpread(
                    ranks,
                    running: .all,
                    placement,
                    patience,
                    configuration,
                    holding.precision
                )
            }
            spread = context.spread
            let room = CacheRoom(.float32, bytes: 1 << 26)
            engine = InferenceEngine(
                try SwitchTransformer(WeightScope(root: checkpoint), context, cache: room),
                limits: EngineLimits(),
                registry: MetricsRegistry(),
                load: ExpertLoad(layers: Self.layers(configuration)),
                onFault: { [fault] in fault.set($0) }
            )
        }

        private static func even(_ configuration: SwitchConfiguration, _ ranks: ThreadRanks) -> ExpertPlacement {
            ExpertPlacement(layers: configuration.sparseLayers, experts: configuration.experts, ranks: ranks.count)
        }

        private static func layers(_ configuration: SwitchConfiguration) -> [ExpertLoad.Layer] {
            let stacks: [(SwitchConfiguration.Stack, ModelStack)] = [(.encoder, .encoder), (.decoder, .decoder)]
            return stacks.flatMap { stack, name in
                configuration.sparseBlocks(in: stack).map {
                    ExpertLoad.Layer(stack: name, block: $0, experts: configuration.experts)
                }
            }
        }

        /// All that a request is told but for times, as text, every bit of its numbers among it.
        func answer(_ request: GenerationRequest) async throws -> [String] {
            let ticket = try engine.submit(request, deadline: nil)
            var told: [String] = []
            for await event in ticket.events {
                switch event {
                case .encoded(let routes, _): told.append("\(routes)")
                case .completed: told.append("completed")
                default: told.append("\(event)")
                }
            }
            return told
        }
    }

    private final class FaultBox: Sendable {
        private let box = Mutex<String?>(nil)

        func set(_ reason: String) { box.withLock { $0 = reason } }
        var reason: String? { box.withLock { $0 } }
    }

    /// Requests of every kind.
    private func requests(_ configuration: SwitchConfiguration) -> [GenerationRequest] {
        (0..<36).map { index in
            let prompt = (0..<1 + index * 7 % 23).map { Int32(3 + ($0 * 5 + index * 11) % 36) }
            var request = GenerationRequest(
                prompt: prompt,
                stop: StopCondition(maximumTokens: 3 + index % 9, endTokens: [])
            )
            (request.topLogprobs, request.reportsRouting) = (2, true)
            switch index % 6 {
            case 0: break
            case 1:
                var sampling = Sampling()
                (sampling.pick, sampling.draws, sampling.returned) = (.random(Sampling.Filters()), 2, 2)
                sampling.seed = UInt64(index)
                request.strategy = .sample(sampling)
            case 2:
                var beams = BeamParameters()
                beams.beams = 3
                request.strategy = .beam(beams)
            case 3: request.decoderPrompt = Array(prompt.prefix(5))
            case 4 where configuration.architecture == .encoderDecoder: request = GenerationRequest(embedding: prompt)
            default:
                request = GenerationRequest(
                    prompt: prompt,
                    scoring: ScoredTokens(labels: [4, 5], continuations: [[6, 7], [8]])
                )
            }
            return request
        }
    }

    private func expected(_ holding: Holding) async throws -> [[String]] {
        let alone = try Server(holding)
        defer { alone.engine.stop() }
        var answers: [[String]] = []
        for request in requests(alone.configuration) { answers.append(try await alone.answer(request)) }
        return answers
    }

    private func job(
        of count: Int,
        _ holding: Holding,
        owners: ((SwitchConfiguration) throws -> ExpertPlacement)? = nil
    ) throws -> [Server] {
        try ThreadRanks.job(of: count).map { try Server(holding, as: $0, owners: owners) }
    }

    /// Asks everything at once, each request of the rank that `rank` picks.
    private func answers(_ servers: [Server], rank: (_ request: Int) -> Int) async throws -> [[String]] {
        let requests = requests(servers[0].configuration)
        return try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            for (index, request) in requests.enumerated() {
                let server = servers[rank(index)]
                group.addTask { (index, try await server.answer(request)) }
            }
            var found = Array(repeating: [String](), count: requests.count)
            for try await (index, answer) in group { found[index] = answer }
            return found
        }
    }

    private func end(_ servers: [Server]) {
        for server in servers { server.engine.stop() }
        for server in servers { #expect(server.engine.waitForEnd(atMost: .seconds(30))) }
        #expect(servers.compactMap(\.fault.reason) == [])
    }

    @Test(arguments: Holding.all)
    func everyRankAnswersAsOneProcess(holding: Holding) async throws {
        let expected = try await expected(holding)
        for count in [2, 3] {
            let servers = try job(of: count, holding)
            #expect(try await answers(servers) { $0 * 7 % 5 % count } == expected)
            // One that nobody asks serves the others all the same.
            #expect(try await answers(servers) { _ in count - 1 } == expected)
            let counts = servers.compactMap(\.spread?.counts)
            #expect(counts.allSatisfy { $0.servedRows > 0 })
            #expect(counts.reduce(0) { $0 + $1.servedRows } == counts.reduce(0) { $0 + $1.remoteRows })
            end(servers)
        }
    }

    /// An expert at home is asked for nothing abroad; one at several other ranks is shared out.
    @Test func expertsMayHaveSeveralOwners() async throws {
        let expected = try await expected(Holding())
        let owners = { (configuration: SwitchConfiguration) in
            try ExpertPlacement(
                owners: Array(repeating: [[0, 1], [2], [1, 2], [0, 1, 2], [0]], count: configuration.sparseLayers),
                layers: configuration.sparseLayers,
                experts: configuration.experts,
                ranks: 3
            )
        }
        let servers = try job(of: 3, Holding(), owners: owners)
        #expect(try await answers(servers) { $0 % 3 } == expected)
        end(servers)
    }

    /// Turns go on as long as one rank has work, and the last to leave is waited for.
    @Test func aRankThatLeavesFirstServesUntilTheLast() async throws {
        let expected = try await expected(Holding())
        let servers = try job(of: 2, Holding())
        servers[0].engine.stop()
        #expect(try await answers(servers) { _ in 1 } == expected)
        #expect(!servers[0].engine.waitForEnd(atMost: .milliseconds(50)))
        servers[1].engine.stop()
        for server in servers { #expect(server.engine.waitForEnd(atMost: .seconds(30))) }
    }

    @Test func aRankThatIsSilentIsAFaultAtTheOther() async throws {
        let ranks = ThreadRanks.job(of: 2)[0]
        let server = try Server(Holding(), as: ranks, RankPatience(timeout: .milliseconds(30)))
        let request = requests(server.configuration)[0]
        #expect(try await server.answer(request).last?.hasSuffix("ranksLost)") == true)
        #expect(server.engine.waitForEnd(atMost: .seconds(30)))
        #expect(server.fault.reason == "\(RanksError.silent(rank: 1, seconds: 0.03))")
    }
}
