/// Reads what control groups say of processors and memory.
///
/// Files that are missing, are no number or hold one beyond Int limit nothing.
struct LimitFiles {
    private let read: (String) -> String?
    private let groups: ControlGroups

    /// - Parameter read: the contents of a file by its path; nil when there is none.
    init(_ read: @escaping (String) -> String?) {
        self.read = read
        groups = ControlGroups(read)
    }

    /// Processors that the process may run on, those that are running, and those of each group.
    var processorSets: [Set<Int>] {
        let affinity = value(of: "Cpus_allowed_list:", in: "/proc/self/status")
        let online = words("/sys/devices/system/cpu/online").first
        let sets = groups.groups(of: "cpuset").map { group -> Set<Int>? in
            let names =
                switch group.version {
                case .one: ["cpuset.effective_cpus", "cpuset.cpus"]
                case .two: ["cpuset.cpus.effective"]
                }
            return names.lazy.compactMap { words(group.directory + "/" + $0).first.flatMap(ProcessorList.numbers) }
                .first
        }
        return ([affinity, online].map { $0.flatMap(ProcessorList.numbers) } + sets).compactMap { $0 }
    }

    /// Processors' worth of time that groups may use, each more than 0 (Documentation/scheduler/sched-bwc.rst).
    var quotas: [Double] {
        groups.groups(of: "cpu").compactMap { group in
            let microseconds: (quota: Int?, period: Int?)
            switch group.version {
            case .one:
                microseconds = (number(group, "cpu.cfs_quota_us"), number(group, "cpu.cfs_period_us"))
            case .two:
                // `max 100000` where there is no quota.
                let words = words(group.directory + "/cpu.max")
                microseconds = (words.first.flatMap { Int($0) }, words.dropFirst().first.flatMap { Int($0) })
            }
            guard let quota = microseconds.quota, let period = microseconds.period, quota > 0, period > 0 else {
                return nil
            }
            return Double(quota) / Double(period)
        }
    }

    /// Bytes that there are, and that groups may use: what the kernel kills for, and what it slows down for.
    var memoryLimits: [Int] {
        let machine = value(of: "MemTotal:", in: "/proc/meminfo").flatMap { Int($0) }.flatMap { kibibytes -> Int? in
            let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1024)
            return overflow ? nil : bytes
        }
        let limits = groups.groups(of: "memory").flatMap { group in
            switch group.version {
            case .one:
                // A mount may begin below groups that limit it: the second counts them.
                [
                    number(group, "memory.limit_in_bytes"),
                    value(of: "hierarchical_memory_limit", in: group.directory + "/memory.stat").flatMap { Int($0) },
                ]
            case .two: [number(group, "memory.max"), number(group, "memory.high")]
            }
        }
        // Version 1 says of a group without a limit that it may use almost all that Int holds.
        return ([machine] + limits).compactMap { $0 }.filter { 0 < $0 && $0 < 1 << 60 }
    }

    private func words(_ path: String) -> [String] {
        (read(path) ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private func number(_ group: ControlGroups.Group, _ file: String) -> Int? {
        words(group.directory + "/" + file).first.flatMap { Int($0) }
    }

    /// The word after a name at the beginning of a line.
    private func value(of name: String, in path: String) -> String? {
        for line in (read(path) ?? "").split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count > 1, words[0] == name { return String(words[1]) }
        }
        return nil
    }
}
