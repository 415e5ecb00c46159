package import Batching

/// A loaded model and the engine that runs it.
package struct InferenceBackend: Sendable {
    package var model: ServedModel
    package var engine: any GenerationEngine

    package init(model: ServedModel, engine: any GenerationEngine) {
        self.model = model
        self.engine = engine
    }
}
