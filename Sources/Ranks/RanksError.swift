/// Why the ranks of a job cannot work together.
package enum RanksError: Error, Equatable, Sendable {
    /// This program was built without the trait MPI.
    case notBuilt
    /// A call of MPI failed.
    case failed(call: String, reason: String)
    /// The job has another number of ranks than was asked for.
    case otherCount(asked: Int, found: Int)
    /// A rank that was waited for did not answer.
    case silent(rank: Int, seconds: Double)
    /// This process was told to end while it waited for a rank.
    case interrupted(rank: Int)
    /// A message that is not what was waited for.
    case malformed(rank: Int, reason: String)
    /// A message larger than any may be.
    case tooLarge(rank: Int, bytes: Int, limit: Int)
    /// Two ranks that are not alike, so that their answers would not be.
    case unlike(fact: String, first: Holder, other: Holder)
    /// The rank that decides refuses the job.
    case refused(String)

    /// A rank and what it has where another has something else.
    package struct Holder: Equatable, Sendable {
        /// Its number and machine, and what it has.
        package var rank: Int
        package var host: String
        package var value: String

        package init(rank: Int, host: String, value: String) {
            (self.rank, self.host, self.value) = (rank, host, value)
        }
    }
}

extension RanksError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notBuilt:
            "this program was built without MPI: build it by 'swift build -c release --traits MPI'"
        case .failed(let call, let reason):
            "\(call) failed: \(reason)"
        case .otherCount(let asked, let found):
            "the job has \(found) rank\(found == 1 ? "" : "s"), but --ranks asks for \(asked): "
                + "start it by 'mpirun -n \(asked)'"
        case .silent(let rank, let seconds):
            "rank \(rank) did not answer within \(seconds) seconds"
        case .interrupted(let rank):
            "told to end while rank \(rank) did not answer"
        case .malformed(let rank, let reason):
            "a message of rank \(rank) cannot be read: \(reason)"
        case .tooLarge(let rank, let bytes, let limit):
            "a message of rank \(rank) has \(bytes) bytes, at most \(limit) are taken"
        case .unlike(let fact, let first, let other):
            "\(fact) is \(first.value) at rank \(first.rank) on \(first.host), "
                + "but \(other.value) at rank \(other.rank) on \(other.host)"
        case .refused(let sentence):
            sentence
        }
    }
}
