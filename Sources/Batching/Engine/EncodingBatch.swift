import Generation
import SwitchModel

/// Requests whose prompts are on their way through the encoder, and forced tokens through the decoder, together.
struct EncodingBatch<Model: StepModel> {
    let submissions: [Submission]
    let started = ContinuousClock.now
    private(set) var pass: Model.Encoding
    /// By index in `submissions`: the client has left, the answer is not wanted.
    private var isDropped: [Bool]
    /// What the routers did, once the last layer has run.
    private(set) var routing: [RoutingPlan] = []

    init(_ submissions: [Submission], model: Model) {
        self.submissions = submissions
        isDropped = Array(repeating: false, count: submissions.count)
        pass = model.beginEncoding(submissions.map(\.request.encodingPrompt))
    }

    var live: [Submission] { zip(submissions, isDropped).compactMap { $1 ? nil : $0 } }

    /// Nobody waits for it any more.
    var isAbandoned: Bool { isDropped.allSatisfy { $0 } }

    mutating func drop(where isUnwanted: (Submission) -> Bool) {
        for index in submissions.indices where !isDropped[index] {
            isDropped[index] = isUnwanted(submissions[index])
        }
    }

    /// Rows of each layer that runs next.
    func rowsPerLayer(_ model: Model) -> Int { model.rowsPerLayer(pass) }

    /// Runs up to `layers` layers.
    ///
    /// Returns the live requests with their caches once the last has run.
    mutating func advance(_ model: Model, layers: Int) -> [(Submission, EncodedPrompt<Model.State>)]? {
        guard case .finished(let prompts, let log) = model.advance(&pass, layers: layers) else { return nil }
        routing = log.plans
        return zip(submissions, prompts).enumerated().compactMap { isDropped[$0.offset] ? nil : $0.element }
    }
}
