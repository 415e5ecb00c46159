package import Ranks
import Synchronization
import Tensors

/// The experts of a model spread over the ranks of a job, as the rank sees it that runs the rest of the model.
///
/// Products are independent by row, rows leave as they were rounded and return as Float32, and gates, capacity, drops and
/// the order of choices stay at home: answers have the bits of one process.
///
/// `@unchecked Sendable`: everything but the counters is touched by the thread alone that owns the model.
package final class ExpertSpread: @unchecked Sendable {
    /// What happened since start.
    package struct Counts: Sendable {
        /// Sparse layers that some other rank was asked in.
        package var exchanges = 0
        /// Rows that other ranks computed.
        package var remoteRows = 0
        /// Rows that were computed here.
        package var localRows = 0
        /// To other ranks.
        package var sentBytes = 0
        /// From the first row sent to the last that returned.
        package var exchangeSeconds = 0.0
        /// Of those, when nothing was left to do here.
        package var waitSeconds = 0.0
    }

    package let ranks: any Ranks
    package let placement: ExpertPlacement
    private let patience: RankPatience
    /// What ended the work of the ranks together; from then on nobody is asked.
    package private(set) var fault: RanksError?
    private let shared = Mutex(Counts())
    private var layers = 0
    /// By rank: what it is sent, and the places its answer is for.
    private var calls: [RankMessage]
    private var places: [[Int32]]
    private let answer = RankMessage()
    private var segments: [ExpertOrder.Segment] = []
    private var asked = ContinuousClock.now

    /// - Parameters:
    ///   - placement: of the model's sparse layers, the same at every rank.
    ///   - patience: how long another rank may take to answer.
    package init(_ ranks: any Ranks, _ placement: ExpertPlacement, _ patience: RankPatience) {
        (self.ranks, self.placement, self.patience) = (ranks, placement, patience)
        calls = (0..<ranks.count).map { _ in RankMessage() }
        places = Array(repeating: [], count: ranks.count)
    }

    /// May be read on any thread.
    package var counts: Counts { shared.withLock { $0 } }

    /// The next sparse layer; layers are added in the order they run.
    func addLayer() -> SpreadLayer {
        defer { layers += 1 }
        return SpreadLayer(spread: self, layer: layers)
    }

    /// The share of all experts that this rank has, from 0 to 1.
    package var ownShare: Double { placement.share(of: ranks.rank) }

    func owner(_ layer: Int, _ expert: Int) -> Int { placement.owners[layer][expert] }

    /// Sends each other rank its rows.
    func dispatch(_ layer: Int, _ order: ExpertOrder, _ input: ProductInput) {
        asked = .now
        for rank in places.indices { places[rank].removeAll(keepingCapacity: true) }
        for segment in order.segments where places[owner(layer, segment.expert)].isEmpty {
            let rank = owner(layer, segment.expert)
            guard rank != ranks.rank, fault == nil else { continue }
            let message = calls[rank]
            attempt { () throws(RanksError) in
                try ranks.finishSending(to: rank, patience)
                ExpertCall.write(layer: layer, order, input, to: message, places: &places[rank]) {
                    owner(layer, $0) == rank
                }
                try ranks.beginSend(message, to: rank)
            }
        }
    }

    /// The runs of this rank's own experts; valid until the next call.
    func ownSegments(_ layer: Int, _ order: ExpertOrder) -> [ExpertOrder.Segment] {
        segments.removeAll(keepingCapacity: true)
        for segment in order.segments where owner(layer, segment.expert) == ranks.rank { segments.append(segment) }
        return segments
    }

    /// Lets messages move on that are too large to be sent at once: nobody else does.
    func progress() {
        for rank in places.indices where !places[rank].isEmpty && fault == nil {
            attempt { () throws(RanksError) in _ = try ranks.isSent(to: rank) }
        }
    }

    /// Waits for what other ranks made of their rows.
    ///
    /// - Parameter take: is handed the places and bytes, Float32 `[places, model]`, of one rank after the other.
    func collect(rowBytes: Int, _ take: (_ places: [Int32], _ bytes: UnsafeRawBufferPointer) -> Void) {
        let start = ContinuousClock.now
        for rank in places.indices where !places[rank].isEmpty {
            let expected = places[rank].count * rowBytes
            attempt { () throws(RanksError) in
                try ranks.awaitMessage(into: answer, from: rank, patience)
                guard answer.count == expected else {
                    let reason = "an answer of \(answer.count) bytes, expected \(expected)"
                    throw .malformed(rank: rank, reason: reason)
                }
                take(places[rank], answer.bytes)
            }
        }
        count(waiting: start)
    }

    /// Tells the other ranks that no more follows, and leaves the job with them.
    ///
    /// After a fault there is nobody to leave with.
    func end() {
        guard fault == nil else { return }
        for rank in 0..<ranks.count where rank != ranks.rank {
            attempt { () throws(RanksError) in
                try ranks.finishSending(to: rank, patience)
                ExpertCall.writeStop(to: calls[rank])
                try ranks.beginSend(calls[rank], to: rank)
                try ranks.finishSending(to: rank, patience)
            }
        }
        attempt { () throws(RanksError) in try ranks.leave() }
    }

    private func attempt(_ body: () throws(RanksError) -> Void) {
        guard fault == nil else { return }
        do {
            try body()
        } catch {
            fault = error
        }
    }

    private func count(waiting start: ContinuousClock.Instant) {
        let end = ContinuousClock.now
        var (remote, bytes) = (0, 0)
        for rank in places.indices where !places[rank].isEmpty {
            remote += places[rank].count
            bytes += calls[rank].count
        }
        let local = segments.reduce(0) { $0 + $1.rows.count }
        shared.withLock { counts in
            counts.localRows += local
            guard remote > 0 else { return }
            counts.exchanges += 1
            counts.remoteRows += remote
            counts.sentBytes += bytes
            counts.exchangeSeconds += (end - asked) / .seconds(1)
            counts.waitSeconds += (end - start) / .seconds(1)
        }
    }
}
