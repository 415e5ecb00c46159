import Foundation
import Synchronization
import Testing

@testable import Telemetry

struct ExpertLoadTests {
    final class ManualClock: Sendable {
        private let time = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 += duration } }
    }

    static let promtool = "/usr/bin/promtool"

    let clock = ManualClock()
    let load: ExpertLoad

    init() {
        load = ExpertLoad(
            layers: [.init(stack: .encoder, block: 1, experts: 2), .init(stack: .decoder, block: 3, experts: 2)],
            now: { [clock] in clock.now }
        )
    }

    func record(_ tokens: [Int], dropped: [Int] = [0, 0], layer: Int = 0) {
        load.record(
            LayerLoad(
                tokens: tokens,
                dropped: dropped,
                gateSums: [0.5, 0.25],
                entropySum: 0.125,
                topProbabilitySum: 0.75
            ),
            layer: layer
        )
    }

    @Test func totalsSumThePassesOfTheirOwnLayer() {
        record([3, 1], dropped: [1, 0])
        record([0, 2])
        let totals = load.totals
        #expect(totals[0].load.tokens == [3, 3])
        #expect(totals[0].load.dropped == [1, 0])
        #expect(totals[0].load.gateSums == [1, 0.5])
        #expect(totals[0].load.entropySum == 0.25)
        #expect(totals[0].load.topProbabilitySum == 1.5)
        #expect(totals[0].passes == 2)
        #expect(totals[0].busiestTokens == 5)
        #expect(totals[0].activeExperts == 3)
        #expect(totals[1].passes == 0)
        #expect(totals[1].load == LayerLoad(experts: 2))
    }

    @Test func theWindowForgetsAfterFiveMinutesAndTheTotalsDoNot() {
        #expect(ExpertLoad.windowSeconds == 300)
        record([3, 1])
        clock.advance(by: .seconds(290))
        record([0, 2])
        clock.advance(by: .milliseconds(9_999))
        #expect(load.window[0].tokens == [3, 3])
        clock.advance(by: .milliseconds(1))
        #expect(load.window[0].tokens == [0, 2])
        clock.advance(by: .seconds(290))
        #expect(load.window[0] == LayerLoad(experts: 2))
        #expect(load.totals[0].load.tokens == [3, 3])
    }

    @Test func aReusedSlotHoldsOnlyTheNewPeriod() {
        record([3, 1])
        record([5, 5], layer: 1)
        clock.advance(by: .seconds(300))
        record([1, 0])
        #expect(load.window.map(\.tokens) == [[1, 0], [0, 0]])
    }

    @Test func onlyPassesOfTwoTokensPerExpertAreJudgedForImbalance() {
        record([3, 0])
        #expect(load.imbalances(layer: 0).snapshot.cumulativeCounts.last == 0)
        record([3, 1])
        #expect(load.imbalances(layer: 0).snapshot.sum == 1.5)
        #expect(load.imbalances(layer: 1).snapshot.cumulativeCounts.last == 0)
    }

    @Test func theLayerFamiliesShowCountersAndWindow() {
        let registry = MetricsRegistry()
        load.register(in: registry)
        record([4, 0], dropped: [1, 0])
        let lines = String(decoding: registry.exposition(.prometheusText), as: UTF8.self).split(separator: "\n")
        let labels = "{stack=\"encoder\",layer=\"1\"}"
        for (name, value) in [
            ("tokens_total", "5"), ("dropped_tokens_total", "1"), ("entropy_nats_total", "0.125"),
            ("top1_probability_total", "0.75"), ("max_expert_tokens_total", "4"), ("passes_total", "1"),
            ("active_experts_total", "1"), ("imbalance_ratio_sum", "2"), ("window_imbalance_ratio", "2"),
            ("window_coefficient_of_variation", "1"), ("window_dead_experts", "1"),
        ] {
            #expect(lines.contains("switchyard_router_\(name)\(labels) \(value)"))
        }
        #expect(lines.contains("switchyard_router_window_imbalance_ratio{stack=\"decoder\",layer=\"3\"} NaN"))
    }

    @Test func everyExpertHasASeriesEvenWhenIdle() {
        record([4, 0], dropped: [0, 2], layer: 1)
        let lines = String(decoding: load.expertExposition(.openMetrics), as: UTF8.self).split(separator: "\n")
        #expect(lines.contains("switchyard_expert_tokens_total{stack=\"decoder\",layer=\"3\",expert=\"0\"} 4"))
        #expect(lines.contains("switchyard_expert_dropped_tokens_total{stack=\"decoder\",layer=\"3\",expert=\"1\"} 2"))
        #expect(lines.count { $0.hasPrefix("switchyard_expert_tokens_total{") && $0.hasSuffix(" 0") } == 3)
        #expect(lines.last == "# EOF")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool)))
    func promtoolFindsNoFault() throws {
        let registry = MetricsRegistry()
        load.register(in: registry)
        ProcessMetrics.register(in: registry)
        record([4, 0], dropped: [0, 2])
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: Self.promtool)
        process.arguments = ["check", "metrics"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = registry.exposition(.prometheusText, and: load.expertFamilies)
        try input.fileHandleForWriting.write(contentsOf: text)
        try input.fileHandleForWriting.close()
        let complaint = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: complaint, as: UTF8.self))")
    }
}
