package import Generation
import SwitchModel
package import Tensors

extension StepModel {
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
