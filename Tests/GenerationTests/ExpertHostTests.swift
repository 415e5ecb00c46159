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

    /// A model's first call to the rank that has half of its experts, and that rank.
    private func callAndHost(_ precision: WeightPrecision) throws -> (call: [UInt8], host: ExpertHost) {
        let directory = try #require(Reference.directories.first { $0.lastPathComponent == "tiny-f32-tied" })
        var context = try Self.context(directory, precision)
        let configuration = context.configuration
        let placement = ExpertPlacement(layers: configuration.sparseLayers, experts: configuration.experts, ranks: 2)
        let job = ThreadRanks.job(of: 2)
        let model = try Reference.model(in: directory, precision) {
            $0.spread = ExpertSpread(job[0], placement, RankPatience(timeout: .milliseconds(1)))
        }
        _ = Reference.scores(model)
        let call = RankMessage()
        try #require(job[1].receive(into: call, from: 0))
        context.spread = ExpertSpread(job[1], placement, Self.patience)
        let checkpoint = try CheckpointDirectory(directory.path)
        return (Array(call.bytes), try ExpertHost(WeightScope(root: checkpoint), context))
    }

    /// What becomes of one message: the bytes of the answer, or the error.
    private func serve(_ bytes: [UInt8], _ host: ExpertHost) -> Result<Int, any Error> {
        let job = ThreadRanks.job(of: 2)
        let message = RankMessage()
        message.append(bytes: bytes.count) { $0.copyBytes(from: bytes) }
        job[0].beginSend(message, to: 1)
        message.removeAll()
        message.append(0)
        job[0].beginSend(message, to: 1)
        return Result {
            try host.serve(job[1], Self.patience)
            let answer = RankMessage()
            return job[0].receive(into: answer, from: 1) ? answer.count : 0
        }
    }

    @Test(arguments: [WeightPrecision.float32, .bfloat16, .int8, .int4])
    func whateverComesIsAnsweredOrAnError(precision: WeightPrecision) throws {
        let (call, host) = try callAndHost(precision)
        #expect(try serve(call, host).get() > 0)
        var random = SplitMix(state: 11)
        var (answers, errors) = (0, 0)
        for count in 0..<min(call.count, 200) {
            #expect(throws: RanksError.self) { try serve(Array(call.prefix(count)), host).get() }
        }
        for _ in 0..<2000 {
            var bytes = call
            // The head decides most, so it is hit as often as all rows.
            for _ in 0..<1 + random.below(4) {
                let place = random.below(random.below(2) == 0 ? min(64, bytes.count) : bytes.count)
                bytes[place] = random.below(2) == 0 ? UInt8(random.below(256)) : [0, 1, 127, 255][random.below(4)]
            }
            switch serve(bytes, host) {
            case .success: answers += 1
            case .failure(let error):
                #expect(error is RanksError)
                errors += 1
            }
        }
        #expect(answers > 100 && errors > 100)
    }

    /// Rows for an expert that is elsewhere would come back as zeros.
    @Test func anExpertOfAnotherRankIsRefused() throws {
        var (call, host) = try callAndHost(.float32)
        // Kind, layer, number of runs, then the first run's expert.
        call[12] = 0
        #expect(throws: RanksError.malformed(rank: 0, reason: "expert 0 of sparse layer 0 is not here")) {
            try serve(call, host).get()
        }
    }
}
