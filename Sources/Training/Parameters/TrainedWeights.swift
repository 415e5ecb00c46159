package import Checkpoints
import SwitchModel
package import Tensors

/// A model's weights under the names of the Hugging Face layout, where they are trained.
///
/// `@unchecked Sendable` is the buffer's: whoever holds these weights reads them before the next step changes them.
package struct TrainedWeights: WeightSource {
    /// By the name in a checkpoint, where a table may have several.
    private let parameters: [String: Parameter]
    private let values: FloatBuffer
    /// How many numbers the model has; some are there under several names.
    let parameterCount: Int

    /// Lends `values`, `[layout.count]`, which must not change meanwhile.
    package init(_ values: FloatBuffer, _ model: ModelLayers) {
        var parameters: [String: Parameter] = [:]
        for parameter in model.layout.parameters { parameters[parameter.name] = parameter }
        let (shape, configuration) = (model.shape, model.shape.configuration)
        let stacks = ModelShape.tablesOfStacks.filter {
            configuration.architecture == .encoderDecoder || $0.hasPrefix("decoder")
        }
        if shape.hasTableOfEachStack {
            // transformers asks for a shared one all the same.
            parameters[ModelShape.sharedTable] = parameters[stacks[0]]
        } else if configuration.modelType == .switchTransformers, !configuration.tieWordEmbeddings {
            // Without a tied head, transformers 5 has embeddings of their own for both stacks.
            for name in stacks { parameters[name] = parameters[ModelShape.sharedTable] }
        }
        self.parameters = parameters
        self.values = values
        parameterCount = model.layout.count
    }

    package var names: Set<String> { Set(parameters.keys) }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let parameter = parameters[name] else { throw .missingTensor(name: name) }
        let elements = withExtendedLifetime(values) { values[parameter.range].elements }
        return StoredTensor(name: name, shape: parameter.shape, elements: elements)
    }

    /// The shape of a tensor, without a copy of its elements.
    func shape(named name: String) -> [Int] { parameters[name]?.shape ?? [] }
}
