import Tensors
import Testing

@testable import Training

/// What optimizers do with weights whose gradients stay away.
@Suite struct OptimizerTests {
    @Test func momentsWithoutGradientsEndAtNothing() {
        let buffers = (0..<4).map { _ in FloatBuffer(count: 40) }
        let (values, gradient, first, second) = (buffers[0], buffers[1], buffers[2], buffers[3])
        gradient.all.store(Array(repeating: 1, count: 40))
        for step in 1...6000 {
            let scale: Float = step == 1 ? 1 : 0
            let update = FloatRows.AdamStep(step: step, rate: 0.01, gradientScale: scale, decays: (0.9, 0.98))
            values.all.update(gradient.all, first: first.all, second: second.all, update)
            #expect(first.all.elements.allSatisfy { $0 == 0 || $0.isNormal })
            #expect(second.all.elements.allSatisfy { $0 == 0 || $0.isNormal })
        }
        #expect(first.all.elements.allSatisfy { $0 == 0 } && second.all.elements.allSatisfy { $0 == 0 })
        #expect(values.all.elements.allSatisfy { $0 < 0 && $0.isFinite })
    }
}
