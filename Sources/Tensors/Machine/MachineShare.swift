import Foundation

/// What this process may use of the machine: all of it, or what its affinity and its control groups leave.
///
/// What nobody said otherwise about is sized by it: threads, and memory for caches and bodies.
package struct MachineShare: Equatable, Sendable {
    /// Processors it may run on, at least 1.
    package let processors: Int
    /// Processors whose whole time it may use, such as 1.5; more than 0, and nil where no quota holds.
    package let quota: Double?
    /// Bytes, the page cache of files it maps included; nil where nothing says.
    package let memory: Int?

    /// - Parameters:
    ///   - processorCount: what is believed where no file names processors.
    ///   - read: the contents of a file by its path; nil when there is none. What makes no sense limits nothing.
    package init(processorCount: Int, files read: @escaping (_ path: String) -> String?) {
        let files = LimitFiles(read)
        let common = files.processorSets.reduce(nil as Set<Int>?) { known, set in
            // A set that contradicts those before it is of processors that are gone.
            guard let known else { return set }
            return known.isDisjoint(with: set) ? known : known.intersection(set)
        }
        processors = max(1, common?.count ?? processorCount)
        quota = files.quotas.min()
        memory = files.memoryLimits.min()
    }

    /// That of this process, read anew: limits change while it runs.
    package static func current() -> MachineShare {
        MachineShare(processorCount: ProcessInfo.processInfo.activeProcessorCount) { path in
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Processors' worth of time it may use, more than 0: all of those it may run on, or the quota.
    package var usableProcessors: Double { min(Double(processors), quota ?? .infinity) }
}
