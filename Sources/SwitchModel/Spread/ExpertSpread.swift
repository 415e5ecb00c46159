package import Ranks
import Synchronization
package import Tensors

/// The experts of a model spread over the ranks of a job, as one rank sees them.
///
/// Products are independent by row, rows leave as they were rounded and return as Float32, and gates, capacity, drops and
/// the order of choices stay at home: answers have the bits of one process.
///
/// Ranks meet in *slots*: in each, a rank calls others with the rows of one sparse layer of its model, computes what it was
/// called for, and takes back what was made of its own. Ranks need not be at the same layer.
///
/// `@unchecked Sendable`: everything but the counters is touched by the thread alone that owns the model.
package final class ExpertSpread: @unchecked Sendable {
    /// Which ranks run models.
    package enum Runners: Equatable, Sendable {
        /// Rank 0; it calls those alone that it has rows for.
        case first
        /// Every one; in each slot each calls all others.
        case all
    }

    package let ranks: any Ranks
    package let runners: Runners
    package let placement: ExpertPlacement
    let patience: RankPatience
    let bounds: ExpertCall.Bounds
    /// What ended the work of the ranks together; from then on nobody is called.
    package internal(set) var fault: RanksError?
    /// In the order they run; of each the experts that this rank has.
    private(set) var layers: [ExpertLayer] = []
    private let shared = Mutex(SpreadCounts())

    /// What this rank says of itself, and what each last said.
    var word = RankWord()
    var words: [RankWord]
    var turn = RankTurn()
    /// Since when no rank has anything to run; nil while one has.
    var idleSince: ContinuousClock.Instant? = .now

    /// Called once, on the thread that owns the model, when another rank says that it will never have anything to run again.
    ///
    /// Set before the model is given to the thread that uses it.
    package var onLeaver: @Sendable () -> Void = {}
    var hasLeaver = false

    /// By rank: what it is called with, the places its answer is for, and what it is answered.
    var calls: [RankMessage]
    var places: [[Int32]]
    var answers: [RankMessage]
    /// By rank: its call, and whether that was taken from the post before its slot.
    var inbound: [RankMessage]
    var isIn: [Bool]
    var parts: [ExpertPart] = []
    var received = ReceivedCalls()
    /// What is computed for other ranks, `[received rows, model]`.
    let outputs = Matrix()
    /// What becomes of the rows of one rank there.
    let returned = Matrix()
    var merged: [ExpertOrder.Part] = []
    var mergedOrder = ExpertOrder()

    /// - Parameters:
    ///   - placement: of the model's sparse layers, the same at every rank.
    ///   - patience: how long another rank may take to answer.
    ///   - precision: of experts.
    package init(
        _ ranks: any Ranks,
        running runners: Runners = .first,
        _ placement: ExpertPlacement,
        _ patience: RankPatience,
        _ configuration: SwitchConfiguration,
        _ precision: WeightPrecision
    ) {
        (self.ranks, self.runners, self.placement, self.patience) = (ranks, runners, placement, patience)
        bounds = ExpertCall.Bounds(
            layers: configuration.sparseLayers,
            experts: configuration.experts,
            columns: configuration.modelWidth,
            precision: precision
        )
        let all = 0..<ranks.count
        words = all.map { _ in RankWord() }
        (calls, answers) = (all.map { _ in RankMessage() }, all.map { _ in RankMessage() })
        (inbound, isIn) = (all.map { _ in RankMessage() }, all.map { _ in false })
        places = all.map { _ in [] }
    }

    /// May be read on any thread.
    package var counts: SpreadCounts { shared.withLock { $0 } }

    func count(_ change: (inout SpreadCounts) -> Void) { shared.withLock { change(&$0) } }

    /// Takes the experts of the next sparse layer; layers are added in the order they run.
    func add(_ layer: ExpertLayer) -> SpreadLayer {
        layers.append(layer)
        return SpreadLayer(spread: self, layer: layers.count - 1)
    }

    /// Whether this rank has an expert.
    func isHere(_ layer: Int, _ expert: Int) -> Bool { placement.owners[layer][expert].contains(ranks.rank) }

    /// The share of all experts that this rank has, from 0 to 1.
    package var ownShare: Double { placement.share(of: ranks.rank) }

    /// Goes on only as long as the ranks work together.
    func attempt(_ body: () throws(RanksError) -> Void) {
        guard fault == nil else { return }
        do {
            try body()
        } catch {
            fault = error
        }
    }
}

/// What passed between the ranks since start, as one of them counts.
package struct SpreadCounts: Sendable {
    /// Slots in which other ranks were asked for rows.
    package var exchanges = 0
    /// Slots in all, those among them in which this rank asked nobody.
    package var slots = 0
    /// Rows that other ranks computed for this one.
    package var remoteRows = 0
    /// Rows of this rank that were computed here.
    package var localRows = 0
    /// Rows that were computed here for other ranks.
    package var servedRows = 0
    /// To other ranks.
    package var sentBytes = 0
    /// From the first row sent to the last that returned.
    package var exchangeSeconds = 0.0
    /// Of those, when nothing was left to do here.
    package var waitSeconds = 0.0
}
