import Tensors

/// The buffers of one forward pass and the threads it runs on.
///
/// Owned by the thread that owns the model.
///
/// Buffers grow to the largest pass seen and are reused, so that a steady decode loop does not ask for memory.
final class Workspace {
    let workers: Workers
    let keyValuePrecision: KeyValuePool.Precision
    let normed = Matrix()
    /// What the next products multiply, what the router's does, and what the experts' do.
    let input = ProductInput()
    let routerInput = ProductInput()
    let expertInput = ProductInput()
    let projections = Matrix()
    let attended = Matrix()
    let attentionScratch = Matrix()
    let inner = Matrix()
    let routerProbabilities = Matrix()
    let expertInner = Matrix()
    let expertOutput = Matrix()
    /// What becomes of each choice, where rows have several.
    let choiceOutput = Matrix()
    var expertOrder = ExpertOrder()
    var expertGroup = ExpertGroup()
    let products = ProductList()
    /// Takes in what experts are sent; nil when nobody wants it.
    var expertInputs: ExpertInputs?

    /// Adds `weight · x` to `hidden`.
    func run(_ weight: PackedMatrix, on x: Matrix, addingTo hidden: Matrix) {
        input.load(x, as: weight.precision, on: workers)
        workers.run(Product(weight, input, into: hidden, .add))
    }

    init(workers: Workers, keyValuePrecision: KeyValuePool.Precision) {
        self.workers = workers
        self.keyValuePrecision = keyValuePrecision
    }
}

/// The short name that layers call it by.
package typealias Stack = SwitchConfiguration.Stack
