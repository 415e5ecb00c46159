import CRanks
import Foundation

/// The ranks of a job that mpirun started.
///
/// `@unchecked Sendable`: it is handed from the thread that joined to the one that uses it from then on; MPI is told so
/// (`MPI_THREAD_SERIALIZED`).
package final class MPIRanks: Ranks, @unchecked Sendable {
    package let rank: Int
    package let count: Int
    /// By rank: whether a message of it is being taken.
    private var isArriving: [Bool]

    /// Whether this program can be ranks of a job.
    package static var isBuilt: Bool { cranks_is_built() != 0 }

    /// How many ranks mpirun started, whether or not this program joins them; 1 where none did.
    package static var countStarted: Int { environment("OMPI_COMM_WORLD_SIZE", least: 1) }

    package var countHere: Int { Self.environment("OMPI_COMM_WORLD_LOCAL_SIZE", least: 1) }
    package var rankHere: Int { Self.environment("OMPI_COMM_WORLD_LOCAL_RANK", least: 0) }

    /// Joins the job, which takes a third of a second.
    package init() throws(RanksError) {
        guard Self.isBuilt else { throw .notBuilt }
        var (rank, count): (Int32, Int32) = (0, 1)
        try Self.check("MPI_Init_thread", cranks_join(&rank, &count))
        (self.rank, self.count) = (Int(rank), Int(count))
        isArriving = Array(repeating: false, count: Int(count))
    }

    package func beginSend(_ message: RankMessage, to rank: Int) throws(RanksError) {
        guard message.count <= RankMessage.largest else {
            throw .tooLarge(rank: self.rank, bytes: message.count, limit: RankMessage.largest)
        }
        try Self.check("MPI_Isend", cranks_begin_send(message.bytes.baseAddress, message.count, Int32(rank)))
    }

    package func isSent(to rank: Int) throws(RanksError) -> Bool {
        var isDone: Int32 = 0
        try Self.check("MPI_Test", cranks_test_send(Int32(rank), &isDone))
        return isDone != 0
    }

    /// What a rank sent may be announced before all of it is here, and if the rank dies in between never will be: so nothing
    /// waits for the rest.
    package func receive(into message: RankMessage, from rank: Int) throws(RanksError) -> Bool {
        if !isArriving[rank] {
            var count = -1
            try Self.check("MPI_Iprobe", cranks_probe(Int32(rank), &count))
            guard count >= 0 else { return false }
            guard count <= RankMessage.largest else {
                throw .tooLarge(rank: rank, bytes: count, limit: RankMessage.largest)
            }
            message.removeAll()
            var code: Int32 = 0
            message.append(bytes: count) { code = cranks_begin_receive($0.baseAddress, count, Int32(rank)) }
            try Self.check("MPI_Irecv", code)
        }
        var isDone: Int32 = 0
        try Self.check("MPI_Test", cranks_test_receive(Int32(rank), &isDone))
        isArriving[rank] = isDone == 0
        return isDone != 0
    }

    package func leave() throws(RanksError) { try Self.check("MPI_Finalize", cranks_leave()) }

    private static func check(_ call: String, _ code: Int32) throws(RanksError) {
        guard code != 0 else { return }
        var text = [CChar](repeating: 0, count: 256)
        cranks_describe(code, &text, text.count)
        let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw .failed(call: call, reason: reason.isEmpty ? "code \(code)" : reason)
    }

    private static func environment(_ name: String, least: Int) -> Int {
        max(ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? least, least)
    }
}
