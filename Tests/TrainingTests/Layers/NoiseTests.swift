import Tensors
import Testing

@testable import Training

/// Everything random in a pass.
@Suite struct NoiseTests {
    @Test func droppingScalesTheRestAndForgetsAShare() {
        let values = FloatBuffer(count: 100_000)
        values.all.store(Array(repeating: 2, count: values.count))
        values.all.drop(rate: 0.3, key: 9)
        let kept = values.all.elements.filter { $0 != 0 }
        #expect(abs(Double(kept.count) / 100_000 - 0.7) < 0.01)
        #expect(kept.allSatisfy { abs($0 - 2 / 0.7) < 1e-5 })
    }

    @Test func theSameKeyDropsTheSamePlaces() {
        let (left, right, other) = (FloatBuffer(count: 999), FloatBuffer(count: 999), FloatBuffer(count: 999))
        for (buffer, key) in [(left, UInt64(1)), (right, 1), (other, 2)] {
            buffer.all.store(Array(repeating: 1, count: 999))
            buffer.all.drop(rate: 0.5, key: key)
        }
        #expect(left.all.elements == right.all.elements)
        #expect(left.all.elements != other.all.elements)
    }

    @Test func jitterStaysInItsRange() {
        let values = FloatBuffer(count: 10_000)
        values.all.store(Array(repeating: 1, count: values.count))
        values.all.jitter(range: 0.01, key: 4)
        let elements = values.all.elements
        #expect(elements.allSatisfy { (0.99...1.01).contains($0) })
        #expect(abs(elements.reduce(0, +) / 10_000 - 1) < 1e-3)
        #expect(Set(elements).count > 5000)
    }

    /// A step along a direction changes the loss by what the gradient says, with everything random switched on: the way
    /// back drops, jitters and routes as the way there.
    @Test(arguments: ["tied", "untied"])
    func gradientsBelongToThePassThatWasDrawn(name: String) throws {
        let golden = try GoldenModel(name)
        var regularization = Regularization()
        (regularization.jitter, regularization.expertDropout, regularization.labelSmoothing) = (0.05, 0.4, 0.1)
        let workers = GradientWorkers(golden.layers, values: golden.values, regularization, on: Workers(threads: 1))
        let (labels, noise) = (golden.batch.labelCount, Noise(seed: 0))
        func objective() throws -> Double {
            workers.clear()
            return try workers.add(golden.batch, labels: labels, noise).loss.objective(regularization)
        }
        _ = try objective()
        let gradient = workers.gradients.all.elements
        let size = workers.gradients.all.sumOfSquares.squareRoot()
        let start = golden.values.all.elements
        func moved(_ step: Double) throws -> Double {
            golden.values.all.store(zip(start, gradient).map { $0 + Float(step / size) * $1 })
            return try objective()
        }
        // Small, so that no token changes its expert on the way.
        let step = 5e-4
        let slope = (try moved(step) - moved(-step)) / (2 * step)
        #expect(abs(slope - size) < 1e-3 * size, "slope \(slope) for a gradient of \(size)")
    }

    @Test func workersShareABatchWithoutChangingItsGradients() throws {
        let golden = try GoldenModel("untied")
        let gradients = try [1, 2, 3].map { threads in
            let workers = golden.workers(threads: threads)
            _ = try workers.add(golden.batch, labels: golden.batch.labelCount, Noise(seed: 1))
            try workers.reduce()
            return golden.layers.layout.parameters.filter { $0.role == .head }.flatMap {
                workers.gradients[$0.range].elements
            }
        }
        for other in gradients.dropFirst() {
            #expect(zip(gradients[0], other).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }
}
