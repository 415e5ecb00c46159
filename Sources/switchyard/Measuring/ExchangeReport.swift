import Foundation
import Ranks

/// What `exchange` prints.
struct ExchangeReport: Encodable {
    let ranks: Int
    /// On the machine of rank 0.
    let ranksHere: Int
    let rounds: Int
    let results: [Result]

    enum CodingKeys: String, CodingKey {
        case ranks, rounds, results
        case ranksHere = "ranks_here"
    }

    /// Of one load: seconds from the first message sent to the last that came back.
    struct Result: Encodable {
        let pattern: String
        let peers: Int
        let bytes: Int
        let pauseSeconds: Double
        let leastSeconds: Double
        /// The median.
        let seconds: Double
        /// Nine in ten are at most that.
        let ninthSeconds: Double

        enum CodingKeys: String, CodingKey {
            case pattern, peers, bytes, seconds
            case pauseSeconds = "pause_seconds"
            case leastSeconds = "least_seconds"
            case ninthSeconds = "ninth_seconds"
        }

        /// - Parameter times: at least one.
        init(_ load: RoundTrips.Load, _ times: [Duration]) {
            let sorted = times.sorted().map { $0 / .seconds(1) }
            (pattern, peers, bytes) = (load.pattern.rawValue, load.peers, load.bytes)
            pauseSeconds = load.pause / .seconds(1)
            leastSeconds = sorted[0]
            seconds = sorted[(sorted.count - 1) / 2]
            ninthSeconds = sorted[(sorted.count - 1) * 9 / 10]
        }
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
