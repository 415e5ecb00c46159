import Foundation
import SwitchModel
import Tensors

/// Runs passes of a model between measurements of the machine.
struct ModelBench {
    private let model: SwitchTransformer
    private let configuration: SwitchConfiguration
    private let precision: ModelPrecision
    private let rounds: Int
    private let draw: TokenDraw
    private let machine: MachineSpeed

    private static let promptTokens = 32
    private static let stepsPerRound = 16

    /// One round: passes, and the machine just before and just after them.
    private struct Round {
        var seconds: Double
        var cost: PassCost
        var readBandwidth: Double
        /// nil when every measurement was disturbed.
        var arithmetic: Double?

        var limit: Double? {
            arithmetic.map { cost.leastSeconds(bandwidth: readBandwidth, arithmetic: $0) / seconds }
        }

        var shareOfArithmetic: Double? { arithmetic.map { cost.operations / $0 / seconds } }
    }

    /// Prepares measurements of a model that nothing else uses meanwhile.
    ///
    /// - Parameter rounds: of each measurement, after one that does not count.
    init(_ loaded: LoadedModel, rounds: Int, draw: TokenDraw) {
        model = loaded.model
        configuration = loaded.configuration
        precision = loaded.precision
        self.rounds = rounds
        self.draw = draw
        machine = MachineSpeed(workers: loaded.workers)
    }

    /// Steps of `sequences` requests that read tokens drawn at random, so that the router spreads them.
    ///
    /// - Parameter history: tokens that the decoder has read of each before, in one pass.
    ///
    /// - Throws: where the cache has no room for them.
    func decode(sequences: Int, history: Int) throws(CacheTooSmall) -> BenchResult {
        try model.checkCacheRoom(states: sequences, prompt: Self.promptTokens, positions: Self.positions(history))
        var random = SystemRandomNumberGenerator()
        let measured = measured { () -> (seconds: Double, cost: PassCost) in
            let states = encoded(sequences, tokens: Self.promptTokens, history: history, &random).states
            var routing = RoutingLog()
            var seconds: [(Double, PassCost)] = []
            for position in 1...Self.stepsPerRound {
                for state in states {
                    model.enqueue(draw.token(&random), state, slot: 0, for: .best)
                }
                let start = ContinuousClock.now
                _ = model.step(&routing)
                let time = (ContinuousClock.now - start) / .seconds(1)
                let context = states.map { _ in (own: history + position, prompt: Self.promptTokens) }
                let cost = PassCost.step(
                    configuration,
                    precision,
                    context: context,
                    cacheRowBytes: model.cacheRowBytes,
                    plans: routing.plans
                )
                seconds.append((time, cost))
            }
            // The median step, so that one that lost its core does not count for the others.
            return seconds.sorted { $0.0 < $1.0 }[seconds.count / 2]
        }
        return result("decode", size: sequences, tokens: sequences, measured)
    }

    /// One prompt through the encoder.
    ///
    /// - Throws: where the cache has no room for it.
    func encode(tokens: Int) throws(CacheTooSmall) -> BenchResult {
        try model.checkCacheRoom(states: 1, prompt: tokens, positions: Self.positions(0))
        var random = SystemRandomNumberGenerator()
        let measured = measured { () -> (seconds: Double, cost: PassCost) in
            let start = ContinuousClock.now
            let plans = encoded(1, tokens: tokens, history: 0, &random).routing.plans
            let time = (ContinuousClock.now - start) / .seconds(1)
            return (time, .encodingProducts(configuration, precision, rows: tokens, plans: plans))
        }
        return result("encode", size: tokens, tokens: tokens, measured)
    }

    private static func positions(_ history: Int) -> Int { history + stepsPerRound + 1 }

    private func encoded(
        _ count: Int,
        tokens: Int,
        history: Int,
        _ random: inout some RandomNumberGenerator
    ) -> (states: [DecoderState], routing: RoutingLog) {
        let prompts = (0..<count).map { _ in
            let prompt = (0..<tokens).map { _ in draw.token(&random) }
            guard configuration.architecture.hasDecoder else { return EncodingPrompt(embedding: prompt) }
            var reading = EncodingPrompt(tokens: prompt, slots: 1, capacity: Self.positions(history))
            reading.forced = (0..<history).map { _ in draw.token(&random) }
            return reading
        }
        var encoding = model.beginEncoding(prompts)
        while model.advance(&encoding, blocks: .max) > 0 {}
        return (model.finish(encoding).compactMap(\.outcome.state), encoding.routing)
    }

    private func measured(_ pass: () -> (seconds: Double, cost: PassCost)) -> [Round] {
        _ = pass()
        return (0..<rounds).map { _ in
            let (readBefore, arithmeticBefore) = (machine.readBandwidth(), machine.arithmetic(precision.layers))
            let (seconds, cost) = pass()
            var readings = ArithmeticReadings(beside: cost.operations / seconds)
            readings.take(arithmeticBefore)
            let readAfter = machine.readBandwidth()
            while readings.verdict == .measureAgain { readings.take(machine.arithmetic(precision.layers)) }
            var round = Round(seconds: seconds, cost: cost, readBandwidth: max(readBefore, readAfter))
            if case .figure(let arithmetic) = readings.verdict { round.arithmetic = arithmetic }
            return round
        }
    }

    private func result(_ task: String, size: Int, tokens: Int, _ rounds: [Round]) -> BenchResult {
        func median(_ value: (Round) -> Double, at share: Double = 0.5) -> Double {
            let sorted = rounds.map(value).sorted()
            return sorted[Int(Double(sorted.count - 1) * share)]
        }
        /// None when most rounds have none.
        func medianIfAny(_ value: (Round) -> Double?) -> Double? {
            let sorted = rounds.compactMap(value).sorted()
            return sorted.count * 2 > rounds.count ? sorted[(sorted.count - 1) / 2] : nil
        }
        let rate = { (round: Round) in Double(tokens) / round.seconds }
        return BenchResult(
            task: task,
            size: size,
            tokensPerSecond: median(rate),
            quartiles: [median(rate, at: 0.25), median(rate, at: 0.75)],
            seconds: median(\.seconds),
            bytes: median(\.cost.bytes),
            operations: median(\.cost.operations),
            readBandwidth: median(\.readBandwidth),
            arithmetic: medianIfAny(\.arithmetic),
            shareOfLimit: medianIfAny(\.limit),
            shareOfBandwidth: median { $0.cost.bytes / $0.readBandwidth / $0.seconds },
            shareOfArithmetic: medianIfAny(\.shareOfArithmetic)
        )
    }
}
