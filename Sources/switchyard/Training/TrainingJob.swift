import Foundation
import Ranks
import Tensors
import Training

/// The processes that train one model together, of which this is one; often the only one.
///
/// `@unchecked Sendable`: made on the thread that trains, which alone uses it.
struct TrainingJob: @unchecked Sendable {
    let team: RankTeam
    private let ranks: any Ranks
    private let patience: RankPatience

    /// A process of its own.
    init() { self.init(ThreadRanks.job(of: 1)[0], RankPatience(timeout: nil)) }

    /// Joins the job that mpirun started, if it started several processes.
    ///
    /// - Throws: `RanksError`.
    init(_ options: TrainingRankOptions) throws {
        guard options.isJob else {
            self.init()
            return
        }
        let ranks = try MPIRanks()
        let asked = options.ranks ?? ranks.count
        guard ranks.count == asked else { throw RanksError.otherCount(asked: asked, found: ranks.count) }
        self.init(ranks, RankPatience(timeout: .seconds(options.rankTimeout)))
    }

    private init(_ ranks: any Ranks, _ patience: RankPatience) {
        (self.ranks, self.patience) = (ranks, patience)
        team = RankTeam(ranks, patience)
    }

    /// Workers of all ranks together, where nobody says how many: as suits what this process may use of the machine.
    var defaultWorkers: Int { max(1, MachineShare.current().threads / ranks.countHere) * ranks.count }

    /// Bytes that this process may use of the machine, its share of what all processes here have; nil where nothing says.
    var memoryHere: Int? { MachineShare.current().memory.map { $0 / ranks.countHere } }

    /// Refuses ranks of another program, with other settings or products, by name; kernels run on instructions that all have.
    ///
    /// - Parameter settings: as they are written down.
    ///
    /// - Throws: `RanksError`.
    func settle(settings: Data) throws {
        guard !team.isAlone else { return }
        let agreement = RankAgreement(ranks, patience)
        try agreement.settleInstructionSet()
        var hash = ByteHash()
        hash.add(settings)
        try agreement.settle([
            "the program's version": BuildInformation.version,
            "the hash of all settings": "\(hash)",
            "the instruction set": InstructionSet.current.rawValue,
            "the library of products": MatrixProducts.library,
        ])
    }

    /// Refuses ranks that read other text, by name.
    ///
    /// - Throws: `RanksError`.
    func settle(_ data: PreparedData) throws {
        guard !team.isAlone else { return }
        let facts = ["the hash of the text's tokens": "\(Self.hash(of: data))"] as RankAgreement.Facts
        // Whoever read it first waits for the others, however long they read.
        try RankAgreement(ranks, RankPatience(timeout: nil)).settle(facts)
    }

    /// Leaves the job together with the others.
    func leave() throws {
        try team.finishSending()
        try ranks.leave()
    }

    /// Ends this process where the job is lost: others cannot be told, and must not be waited for.
    func endIfLost(_ error: any Error) {
        guard let error = error as? RanksError else { return }
        switch error {
        case .notBuilt, .otherCount, .unlike, .refused: return
        case .failed, .silent, .interrupted, .malformed, .tooLarge: break
        }
        let sentence = "the ranks cannot go on together: \(error); the same command goes on from the last checkpoint\n"
        try? FileHandle.standardError.write(contentsOf: Data(sentence.utf8))
        _exit(RankAgreement.lostStatus)
    }

    private static func hash(of data: PreparedData) -> ByteHash {
        var hash = ByteHash()
        for source in [data.training, data.validation] {
            for index in 0..<source.count {
                let example = source.example(index, epoch: 0)
                for tokens in [example.source, example.inputs, example.labels] {
                    tokens.withUnsafeBytes { hash.add($0) }
                }
            }
        }
        return hash
    }
}
