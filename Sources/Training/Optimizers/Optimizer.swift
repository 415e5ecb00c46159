package import Tensors

/// Changes parameters by their gradients.
///
/// Used by one thread at a time, which lends ranges of parameters to the workers.
package protocol Optimizer: AnyObject {
    /// Steps taken so far.
    var steps: Int { get }

    /// What is remembered from step to step: saved with a checkpoint.
    var memory: [ParameterMemory] { get }

    /// Goes on from a checkpoint, whose memory has been read into `memory`.
    func resume(steps: Int)

    /// One step, in place.
    ///
    /// - Parameters:
    ///   - values: what is changed, `[layout.count]`; what is not here is left as it is.
    ///   - gradients: `[layout.count]`; left as they are.
    ///   - rate: of this step; settings may multiply it for some parameters.
    ///   - gradientScale: what gradients are multiplied with first.
    func step(_ values: FloatBuffer, _ gradients: FloatBuffer, rate: Float, gradientScale: Float, on workers: Workers)
}

extension OptimizerSettings {
    /// An optimizer of all parameters that has not taken a step: its memory is 0.
    package func optimizer(for layout: ParameterLayout) -> any Optimizer {
        optimizer(for: layout, ParameterShare(layout))
    }

    /// An optimizer of the parameters that are here.
    func optimizer(for layout: ParameterLayout, _ share: ParameterShare) -> any Optimizer {
        switch kind {
        case .adamW: AdamWOptimizer(self, layout, share)
        case .adafactor: AdafactorOptimizer(self, layout, share)
        }
    }
}
