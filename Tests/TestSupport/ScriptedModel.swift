package import Generation
package import SwitchModel
import Synchronization
package import Tensors

/// A model without weights: the logits of a row are a function of the tokens its slot has read.
///
/// Checks what search and engine promise: rows of live slots only, at most `capacity` positions, one state a prompt.
package final class ScriptedModel: StepModel, Sendable {
    /// What one slot has read so far, start token included, and the prompt.
    package typealias Script = @Sendable (_ prompt: [Int32], _ history: [Int32]) -> [Float]

    package final class State {
        let prompt: EncodingPrompt
        var histories: [[Int32]]

        init(_ prompt: EncodingPrompt) {
            self.prompt = prompt
            histories = Array(repeating: [], count: prompt.slots)
        }
    }

    package struct Encoding {
        var states: [State]
        var layersLeft: Int
    }

    package let vocabularySize: Int
    package func start(after prompt: [Int32]) -> [Int32] { [0] }
    package let cacheBytesPerPosition = 1
    package let cacheBlockPositions = 1
    private let layers: Int
    private let script: Script
    /// Held by a test to stop the engine before its next step.
    package let gate: StepGate

    package init(
        vocabularySize: Int,
        layers: Int = 2,
        gate: StepGate = StepGate(isOpen: true),
        script: @escaping Script
    ) {
        self.vocabularySize = vocabularySize
        self.layers = layers
        self.gate = gate
        self.script = script
    }

    package func beginEncoding(_ prompts: [EncodingPrompt]) -> Encoding {
        Encoding(states: prompts.map(State.init), layersLeft: layers)
    }

    package func advance(_ encoding: inout Encoding, layers: Int) -> EncodingProgress<State> {
        encoding.layersLeft -= min(layers, encoding.layersLeft)
        return encoding.layersLeft == 0 ? .finished(encoding.states, RoutingLog()) : .layersLeft(encoding.layersLeft)
    }

    package func step(_ batch: [StepBatch<State>], _ routing: inout RoutingLog) -> VocabularyScores {
        gate.pass(rows: batch.reduce(0) { $0 + $1.rows.count })
        var elements: [Float] = []
        for request in batch {
            for row in request.rows {
                request.state.histories[row.slot].append(row.token)
                let history = request.state.histories[row.slot]
                precondition(history.count <= request.state.prompt.capacity, "stepped past the capacity")
                elements += script(request.state.prompt.tokens, history)
            }
        }
        let rows = elements.count / vocabularySize
        return VocabularyScores(Matrix(rows: rows, columns: vocabularySize, elements: elements))
    }

    package func concurrently(_ count: Int, _ body: (Int) -> Void) {
        for index in 0..<count { body(index) }
    }

    package func reorder(_ state: State, parents: [Int]) {
        state.histories = parents.map { state.histories[$0] }
    }
}
