import ArgumentParser
import Foundation
import Ranks

/// Measures messages between the ranks of a job, which is what experts on other machines cost beside their computing.
struct Exchange: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures messages between mpirun's processes, there and back, and prints JSON."
    )

    /// Longer than a load with its pauses.
    private static let patience = RankPatience(timeout: .seconds(120))

    @Option(help: "Bytes of a message; measurements for each number.")
    var bytes = [64, 1024, 3072, 6144, 24_576, 49_152, 98_304, 393_216]

    @Option(help: "Rounds of each measurement; medians are reported.")
    var rounds = 200

    @Option(help: "Milliseconds that others wait in half of the measurements, as they do while rank 0 computes.")
    var pause = 2

    func validate() throws {
        for count in bytes { try Limit.check("--bytes", count, in: 0...(64 << 20)) }
        try Limit.check("--rounds", rounds, in: 1...100_000)
        try Limit.check("--pause", pause, in: 1...1000)
    }

    func run() throws {
        let ranks = try MPIRanks()
        guard ranks.count > 1 else {
            throw RanksError.refused("one rank has nobody to write to: start it by 'mpirun -n 2 switchyard exchange'")
        }
        let trips = RoundTrips(ranks, Self.patience)
        var results: [ExchangeReport.Result] = []
        for load in loads(ranks: ranks.count) {
            let times = try trips.measure(load, rounds: rounds)
            if ranks.rank == 0 { results.append(.init(load, times)) }
        }
        if ranks.rank == 0 {
            let report = ExchangeReport(
                ranks: ranks.count,
                ranksHere: ranks.countHere,
                rounds: rounds,
                results: results
            )
            try print(report.json)
        }
        try ranks.leave()
    }

    /// With one other rank, with two, and with all.
    private func loads(ranks: Int) -> [RoundTrips.Load] {
        let peers = Set([1, 2, ranks - 1]).filter { $0 < ranks }.sorted()
        return RoundTrips.Pattern.allCases.flatMap { pattern in
            peers.flatMap { peers in
                bytes.flatMap { bytes in
                    [.zero, .milliseconds(pause)].map { pause in
                        RoundTrips.Load(pattern, peers: peers, bytes: bytes, pause: pause)
                    }
                }
            }
        }
    }
}
