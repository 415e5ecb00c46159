import Dispatch
import Testing

@testable import Telemetry

struct GaugeTests {
    @Test func additionsFromManyThreadsAllCount() {
        let gauge = Gauge()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<5_000 {
                gauge.add(2)
                gauge.add(-1)
            }
        }
        #expect(gauge.value == 40_000)
    }

    @Test func settingReplacesTheValue() {
        let gauge = Gauge()
        gauge.add(3)
        gauge.set(-0.5)
        #expect(gauge.value == -0.5)
    }
}
