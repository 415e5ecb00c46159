import Checkpoints
import Foundation
import Generation
import Ranks
import SwitchModel
import Tensors
import TestSupport
import Testing

/// What a rank that holds experts makes of messages: an answer, or one error, whatever they hold.
@Suite struct ExpertHostTests {
    private static let patience = RankPatience(timeout: .seconds(10))

    private static func context(_ directory: URL, _ precision: WeightPrecision) throws -> LoadingContext {
        LoadingContext(
            configuration: try SwitchConfiguration(
                directory: directory.path,
                tensors: CheckpointDirectory(directory.path).names
            ),
            precision: precision,
            workers: Workers(threads: 1),
            reach: 1
        )
    }

    /// Half of the experts of a model, asked by what would be its other rank.
    private struct Half {
        let directory: URL
        let context: LoadingContext
        let placement: ExpertPlacement

        init(_ precision: WeightPrecision) throws {
            directory = try #require(Reference.directories.first { $0.lastPathComponent == "tiny-f32-tied" })
            context = try ExpertHostTests.context(directory, precision)
            let configuration = context.configuration
            placement = ExpertPlacement(layers: configuration.sparseLayers, experts: configuration.experts, ranks: 2)
        }

        private func spread(_ ranks: ThreadRanks, _ patience: RankPatience) -> ExpertSpread {
            ExpertSpread(ranks, placement, patience, context.configuration, context.precision)
        }

        /// A model's first call.
        func call() throws -> [UInt8] {
            let job = ThreadRanks.job(of: 2)
            let model = try Reference.model(in: directory, context.precision) {
                $0.spread = spread(job[0], RankPatience(timeout: .milliseconds(1)))
            }
            _ = Reference.scores(model)
            let call = RankMessage()
            try #require(job[1].receive(into: call, from: 0))
            return Array(call.bytes)
        }

        /// What becomes of one message: the bytes of the answer, or the error.
        func serve(_ bytes: [UInt8]) -> Result<Int, any Error> {
            let job = ThreadRanks.job(of: 2)
            let message = RankMessage()
            message.append(bytes: bytes.count) { $0.copyBytes(from: bytes) }
            job[0].beginSend(message, to: 1)
            message.removeAll()
            // No slots, leaving, layer 0, no runs.
            for number in [0, 2, 0, 0] { message.append(number) }
            job[0].beginSend(message, to: 1)
            return Result {
                let checkpoint = try CheckpointDirectory(directory.path)
                let spread = spread(job[1], ExpertHostTests.patience)
                try ExpertHost(WeightScope(root: checkpoint), context, spread).serve()
                let answer = RankMessage()
                return job[0].receive(into: answer, from: 1) ? answer.count : 0
            }
        }
    }

    @Test(arguments: [WeightPrecision.float32, .bfloat16, .int8, .int4])
    func whateverComesIsAnsweredOrAnError(precision: WeightPrecision) throws {
        let half = try Half(precision)
        let call = try half.call()
        #expect(try half.serve(call).get() > 0)
        var random = SplitMix(state: 11)
        var (answers, errors) = (0, 0)
        for count in 0..<min(call.count, 100) {
            #expect(throws: RanksError.self) { try half.serve(Array(call.prefix(count))).get() }
        }
        for _ in 0..<500 {
            var bytes = call
            // The head decides most, so it is hit as often as all rows.
            for _ in 0..<1 + random.below(4) {
                let place = random.below(random.below(2) == 0 ? min(64, bytes.count) : bytes.count)
                bytes[place] = random.below(2) == 0 ? UInt8(random.below(256)) : [0, 1, 127, 255][random.below(4)]
            }
            switch half.serve(bytes) {
            case .success: answers += 1
            case .failure(let error):
                #expect(error is RanksError)
                errors += 1
            }
        }
        #expect(answers > 25 && errors > 25)
    }

    /// Rows for an expert that is elsewhere would come back as zeros.
    @Test func anExpertOfAnotherRankIsRefused() throws {
        let half = try Half(.float32)
        var call = try half.call()
        // Slots, flags, layer, number of runs, then the first run's expert.
        call[16] = 0
        #expect(throws: RanksError.malformed(rank: 0, reason: "expert 0 of sparse layer 0 is not here")) {
            try half.serve(call).get()
        }
    }
}
