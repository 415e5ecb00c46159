/// What a model's linear layers are held in: experts may have fewer bits than the others.
package struct ModelPrecision: Equatable, Sendable {
    /// Of every linear layer but experts, the head and routers.
    package var layers: WeightPrecision
    package var experts: WeightPrecision

    /// - Parameter experts: nil for the same as all layers.
    package init(_ layers: WeightPrecision, experts: WeightPrecision? = nil) {
        self.layers = layers
        self.experts = experts ?? layers
    }
}
