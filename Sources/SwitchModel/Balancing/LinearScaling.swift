/// What the rows and columns of a linear layer's weights are multiplied by when it is loaded.
struct LinearScaling {
    /// By output; empty for ones.
    var outputs: [Float] = []
    /// By input; empty for ones.
    var inputs: [Float] = []

    /// Nothing.
    static let none = LinearScaling()
}
