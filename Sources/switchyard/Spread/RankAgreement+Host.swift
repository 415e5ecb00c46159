import Foundation
import Ranks
import Tensors

/// What all jobs of ranks have in common, whatever they are for.
extension RankAgreement {
    /// With which a process ends whose job cannot go on, so that a supervisor starts it again.
    static let lostStatus: Int32 = 70

    /// One in which this machine is called by its name.
    init(_ ranks: any Ranks, _ patience: RankPatience) {
        self.init(ranks, host: ProcessInfo.processInfo.hostName, patience)
    }

    /// Runs kernels on instructions that all ranks have: others give other bits.
    func settleInstructionSet() throws(RanksError) {
        let sets = InstructionSet.allCases
        let level = sets.firstIndex(of: .current) ?? 0
        sets[min(try least(of: level), sets.count - 1)].use()
    }
}
