import Ranks
import SwitchModel
import Tensors

/// The messages of a sparse layer: rows go to the owners of their experts, and what became of them comes back.
///
/// The threads of a rank go through a model's layers side by side, each with its part of a batch and, where that is empty,
/// without: at a sparse layer they meet, and one of them exchanges messages for all. So all ranks exchange the same number of
/// messages, whatever the routers choose.
///
/// `@unchecked Sendable`: lanes are their threads', but for the one that exchanges while the others wait for it.
final class ExpertExchange: @unchecked Sendable {
    let layers: [ExpertLayers]
    let bounds: ExpertCall.Bounds
    private let team: RankTeam
    private let share: ParameterShare
    private let rendezvous: Rendezvous
    private(set) var lanes: [ExpertLane] = []

    /// - Parameters:
    ///   - passes: of all parts, those of rank 0 first.
    ///   - lanes: parts of each rank.
    init(_ team: RankTeam, _ model: ModelLayers, _ share: ParameterShare, _ passes: [Pass], lanes count: Int) {
        (self.team, self.share, layers) = (team, share, model.experts)
        let configuration = model.shape.configuration
        bounds = ExpertCall.Bounds(experts: configuration.experts, columns: configuration.modelWidth)
        rendezvous = Rendezvous(count: count)
        lanes = (0..<count).map { lane in
            ExpertLane(self, rank: team.rank, (0..<team.count).map { passes[$0 * count + lane] })
        }
    }

    func owner(of expert: Int) -> Int { share.owner(of: expert) }

    /// Sends each rank the rows that all lanes have for it.
    func dispatch(_ way: ExpertCall.Way, _ layer: Int) {
        meet { () throws(RanksError) in
            for other in team.others {
                try team.send(to: other) { ExpertCall.write(way, layer, lanes.map { $0.sent[other] }, to: $0) }
            }
        }
    }

    /// Hands each lane the rows of other ranks.
    func takeCalls(_ way: ExpertCall.Way, _ layer: Int) {
        meet { () throws(RanksError) in
            for other in team.others {
                try team.receive(from: other) { reader throws(RanksError) in
                    let arenas = lanes.map { $0.arena(of: other) }
                    let runs = try ExpertCall.read(&reader, from: other, (way, layer), bounds, into: arenas)
                    for (lane, runs) in zip(lanes, runs) {
                        for run in runs { try check(run, of: other, lane, way, layer) }
                        lane.hosted[other] = runs
                    }
                }
            }
        }
    }

    /// Returns what became of the rows of others, and takes what became of those that were sent.
    func answer() {
        meet { () throws(RanksError) in
            for other in team.others where lanes.contains(where: { !$0.results[other].isEmpty }) {
                try team.send(to: other) { message in
                    for lane in lanes {
                        for rows in lane.results[other] { message.append(rows) }
                    }
                }
            }
            for other in team.others where lanes.contains(where: { !$0.sent[other].isEmpty }) {
                try team.receive(from: other) { reader throws(RanksError) in
                    for lane in lanes {
                        for run in lane.sent[other] {
                            let arena = lane.arena(of: team.rank)
                            lane.returned[other].append(
                                try ExpertCall.rows(run.rows.rows, bounds, &reader, into: arena)
                            )
                        }
                    }
                }
            }
        }
    }

    private func check(
        _ run: ExpertCall.Run,
        of other: Int,
        _ lane: ExpertLane,
        _ way: ExpertCall.Way,
        _ layer: Int
    ) throws(RanksError) {
        guard owner(of: run.expert) == team.rank else {
            throw .malformed(rank: other, reason: "expert \(run.expert) is not here")
        }
        guard way == .forward || lane.knows(run, of: other, layer: layer) else {
            throw .malformed(rank: other, reason: "expert \(run.expert) did not have these rows on their way forward")
        }
    }

    /// What `work` throws is the team's fault from then on.
    private func meet(_ work: () throws(RanksError) -> Void) {
        rendezvous.meet { try? work() }
    }
}
