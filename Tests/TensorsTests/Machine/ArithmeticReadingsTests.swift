import Tensors
import Testing

@Suite struct ArithmeticReadingsTests {
    /// What becomes of readings beside a pass that did 100 operations a second, the last one again and again.
    private func verdict(_ readings: [Double?]) -> (ArithmeticReadings.Verdict, taken: Int) {
        var decision = ArithmeticReadings(beside: 100)
        var taken = 0
        while decision.verdict == .measureAgain {
            decision.take(readings[min(taken, readings.count - 1)])
            taken += 1
        }
        return (decision.verdict, taken)
    }

    @Test func theGreatestOfTwoCounts() {
        #expect(verdict([150, 200]) == (.figure(200), 2))
        #expect(verdict([200, 150]) == (.figure(200), 2))
        #expect(verdict([nil, 150]) == (.figure(150), 2))
    }

    @Test(arguments: [nil, 0, 50, .infinity, .nan, -1] as [Double?])
    func disturbedOnesAreTakenAgain(reading: Double?) {
        #expect(verdict([reading, reading, reading, 150]) == (.figure(150), 4))
    }

    @Test(arguments: [nil, 0, 99, .infinity, .nan] as [Double?])
    func afterSoManyThereIsNoFigure(reading: Double?) {
        #expect(verdict([reading]) == (.noFigure, ArithmeticReadings.most))
    }

    @Test func whatTheMachineDoesIsMeasured() {
        for threads in [1, 2] {
            let speed = MachineSpeed(workers: Workers(threads: threads))
            let readings = (0..<20).compactMap { _ in speed.arithmetic(.float32) }
            #expect(readings.allSatisfy { $0 > 1e6 && $0.isFinite })
            if threads == 1 { #expect(readings.count == 20) }
        }
    }
}
