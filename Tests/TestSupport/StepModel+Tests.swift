package import Generation
package import SwitchModel
package import Tensors

extension StepModel {
    /// Reads prompts together, so many layers at a time.
    package func read(
        _ prompts: [EncodingPrompt],
        layers: Int = .max
    ) -> (prompts: [EncodedPrompt<State>], routing: RoutingLog) {
        var encoding = beginEncoding(prompts)
        while true {
            if case .finished(let prompts, let log) = advance(&encoding, layers: layers) { return (prompts, log) }
        }
    }

    /// A step of which nobody asks where rows went.
    package func step(_ batch: [StepBatch<State>]) -> VocabularyScores {
        var routing = RoutingLog()
        return step(batch, &routing)
    }
}

extension DecodingSearch {
    package mutating func advance(_ scores: VocabularyScores) throws -> SearchStep {
        var step = SearchStep()
        try advance(scores, firstRow: 0, into: &step)
        return step
    }
}

extension VocabularyScores {
    /// All scores of a row.
    package func elements(row: Int = 0) -> [Float] {
        withRow(row) { row in row.indices.map { row[$0] } }
    }
}
