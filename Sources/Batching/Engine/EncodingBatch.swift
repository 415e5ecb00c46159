import Generation
import SwitchModel

/// Requests whose prompts are on their way through the encoder together.
struct EncodingBatch<Model: StepModel> {
    let submissions: [Submission]
    let tokens: Int
    let started = ContinuousClock.now
    private var pass: Model.Encoding
    /// By index in `submissions`: the client has left, the answer is not wanted.
    private var isDropped: [Bool]
    /// What the routers did, once the last layer has run.
    private(set) var routing: [RoutingPlan] = []

    init(_ submissions: [Submission], model: Model) {
        self.submissions = submissions
        tokens = submissions.reduce(0) { $0 + $1.request.prompt.count }
        isDropped = Array(repeating: false, count: submissions.count)
        pass = model.beginEncoding(submissions.map(\.encodingPrompt))
    }

    var live: [Submission] { zip(submissions, isDropped).compactMap { $1 ? nil : $0 } }

    /// Nobody waits for it any more.
    var isAbandoned: Bool { isDropped.allSatisfy { $0 } }

    mutating func drop(where isUnwanted: (Submission) -> Bool) {
        for index in submissions.indices where !isDropped[index] {
            isDropped[index] = isUnwanted(submissions[index])
        }
    }

    /// Runs up to `layers` layers.
    ///
    /// Returns the live requests with their states once the last has run.
    mutating func advance(_ model: Model, layers: Int) -> [(Submission, Model.State)]? {
        guard case .finished(let states, let log) = model.advance(&pass, layers: layers) else { return nil }
        routing = log.plans
        return zip(submissions, states).enumerated().compactMap { isDropped[$0.offset] ? nil : $0.element }
    }

    /// The first row of a request's prompt in the pass.
    func firstRow(of submission: Submission) -> Int {
        submissions.prefix { $0.id != submission.id }.reduce(0) { $0 + $1.request.prompt.count }
    }
}
