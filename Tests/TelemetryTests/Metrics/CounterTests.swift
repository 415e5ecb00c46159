import Dispatch
import Testing

@testable import Telemetry

struct CounterTests {
    @Test func incrementsFromManyThreadsAllCount() {
        let counter = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<5_000 { counter.increment() }
        }
        counter.increment(by: 2)
        #expect(counter.value == 40_002)
    }
}
