import Tensors
import Testing

/// What a process may use, by trees of files that stand for a machine.
@Suite struct MachineShareTests {
    @Test(
        arguments: [
            ("150000 100000", 1.5), ("100000 100000", 1), ("20000 10000", 2), ("1000 1000000", 0.001),
            ("9223372036854775807 1", 9223372036854775808),
            ("max 100000", nil), ("max", nil), ("", nil), ("100000", nil), ("0 100000", nil), ("-1 100000", nil),
            ("100000 0", nil), ("100000 -5", nil), ("9223372036854775808 100000", nil), ("1.5 1", nil),
            ("one two", nil),
            ("100000 99999999999999999999", nil),
        ] as [(String, Double?)]
    )
    func aQuotaOfVersion2(text: String, quota: Double?) {
        let share = FileTree.version2(at: "/pod/app", ["pod/app/cpu.max": text]).share
        #expect(share.quota == quota)
        #expect(1...8 ~= share.threads)
    }

    @Test(
        arguments: [
            ("150000", "100000", 1.5), ("-1", "100000", nil), ("0", "100000", nil), ("100000", "0", nil), ("", "", nil),
            ("many", "100000", nil), ("99999999999999999999", "100000", nil), ("50000\n", "100000\n", 0.5),
        ] as [(String, String, Double?)]
    )
    func aQuotaOfVersion1(microseconds: String, period: String, quota: Double?) {
        let files = ["cpu/docker/1f/cpu.cfs_quota_us": microseconds, "cpu/docker/1f/cpu.cfs_period_us": period]
        #expect(FileTree.version1(at: "/docker/1f", files).share.quota == quota)
    }

    @Test func theTightestOfAllGroupsUpToTheMountDecides() {
        let files = ["a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000", "cpu.max": "500000 100000"]
        #expect(FileTree.version2(at: "/a/b", files).share.quota == 3)
        #expect(FileTree.version2(at: "/", files).share.quota == 5)
        #expect(FileTree.version2(at: "/a/b", files.merging(["cpu.max": "250000 100000"]) { $1 }).share.quota == 2.5)
        #expect(FileTree.version2(at: "/elsewhere", ["a/cpu.max": "100000 100000"]).share.quota == nil)
        let memory = ["a/b/memory.max": "5000000", "a/memory.max": "4000000", "memory.max": "max"]
        #expect(FileTree.version2(at: "/a/b", memory).share.memory == 4_000_000)
        let sets = ["a/cpuset.cpus.effective": "0-3", "a/b/cpuset.cpus.effective": "2-3,7"]
        #expect(FileTree.version2(at: "/a/b", sets).share.processors == 2)
        let first = ["cpu/a/cpu.cfs_quota_us": "200000", "cpu/a/cpu.cfs_period_us": "100000"]
        #expect(FileTree.version1(at: "/a/b", first).share.quota == 2)
    }

    /// A container is shown a branch, and is told its path from the tree's root, from the branch's, or from elsewhere.
    @Test(arguments: [("/docker/1f", "/docker/1f"), ("/", "/"), ("/docker/1f", "/"), ("/kind/docker/1f", "/docker/1f")])
    func aMountThatShowsABranch(root: String, path: String) {
        var tree = FileTree.version1(
            at: path,
            [
                "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "1000000",
            ]
        )
        tree.files["/proc/self/mountinfo"]?.replace(" / /sys", with: " \(root) /sys")
        #expect(tree.share.quota == 0.5)
        #expect(tree.share.memory == 1_000_000)
    }

    @Test func aGroupBelowTheBranchThatIsShown() {
        var tree = FileTree.version2(
            at: "/pods/web/worker",
            ["worker/cpu.max": "100000 100000", "cpu.max": "max 100000"]
        )
        tree.files["/proc/self/mountinfo"]?.replace(" / /sys", with: " /pods/web /sys")
        #expect(tree.share.quota == 1)
        // A name that only begins alike is another group.
        tree.files["/proc/self/cgroup"] = "0::/pods/website/worker\n"
        #expect(tree.share.quota == nil)
    }

    @Test func bothVersionsSideBySide() {
        var tree = FileTree.version1(
            at: "/app",
            [
                "cpu/app/cpu.cfs_quota_us": "200000", "cpu/app/cpu.cfs_period_us": "100000",
                "cpuset/app/cpuset.cpus": "0-4", "unified/app/memory.max": "3000000",
            ]
        )
        tree.files["/proc/self/cgroup"]? += "0::/app\n"
        tree.files["/proc/self/mountinfo"]? += "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        #expect(tree.share.quota == 2)
        #expect(tree.share.processors == 5)
        #expect(tree.share.memory == 3_000_000)
    }

    @Test func controllersThatShareATreeAndPathsWithBlanksAndColons() {
        let tree = FileTree([
            "/proc/self/cgroup": "3:cpu,cpuacct:/a b:c\n1:name=systemd:/a b:c\n",
            "/proc/self/mountinfo":
                #"32 31 0:29 / /sys/cpu\040time rw shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct"#,
            "/sys/cpu time/a b:c/cpu.cfs_quota_us": "150000", "/sys/cpu time/a b:c/cpu.cfs_period_us": "100000",
        ])
        #expect(tree.share.quota == 1.5)
    }

    @Test(
        arguments: [
            ("0-1", 2), ("0,2,4\n", 3), ("7", 1), ("0-7", 8), ("0-15", 8), ("8-9", 8),
            ("", 8), ("3-1", 8), ("-1", 8), ("1-", 8), ("0-9223372036854775807", 8), ("99999999999999999999", 8),
            ("all", 8),
            ("0-1,,3", 3), ("1-2-3", 8),
        ]
    )
    func processorsAreThoseOfTheSetAndTheAffinity(list: String, processors: Int) {
        let second = FileTree.version2(at: "/app", ["app/cpuset.cpus.effective": list])
        let first = FileTree.version1(at: "/app", ["cpuset/app/cpuset.effective_cpus": list])
        #expect(second.share.processors == processors)
        #expect(first.share.processors == processors)
        #expect(second.withAffinity("1").share.processors == 1)
    }

    @Test(
        arguments: [
            ("1000000", 1_000_000), ("max", FileTree.machineMemory), ("", FileTree.machineMemory),
            ("0", FileTree.machineMemory),
            ("-1", FileTree.machineMemory), ("99999999999999999999", FileTree.machineMemory),
            ("9223372036854771712", FileTree.machineMemory), ("4G", FileTree.machineMemory),
        ]
    )
    func memoryIsTheMachinesOrLess(limit: String, memory: Int) {
        #expect(FileTree.version2(at: "/app", ["app/memory.max": limit]).share.memory == memory)
        #expect(FileTree.version2(at: "/app", ["app/memory.high": limit]).share.memory == memory)
        #expect(FileTree.version1(at: "/app", ["memory/app/memory.limit_in_bytes": limit]).share.memory == memory)
        let statistics = "cache 5\nhierarchical_memory_limit \(limit)\nrss 7\n"
        #expect(FileTree.version1(at: "/app", ["memory/app/memory.stat": statistics]).share.memory == memory)
    }

    /// The kernel's list of those allowed may name ones that the machine never had.
    @Test(arguments: [("0-1", 2), ("0-127", 8), ("6-9", 2), ("12", 1), ("", 8), ("f", 8)])
    func affinityIsCutToWhatRuns(list: String, processors: Int) {
        #expect(FileTree([:]).withAffinity(list).share.processors == processors)
    }

    @Test func withoutFilesTheCountIsBelieved() {
        let nothing = MachineShare(processorCount: 3) { _ in nil }
        #expect((nothing.processors, nothing.quota, nothing.memory) == (3, nil, nil))
        #expect(nothing.threads == 3)
        #expect(MachineShare(processorCount: 0) { _ in nil }.processors == 1)
        let garbage =
            "\u{0}:::- / \\ -1 \\777 max 7-\n - cgroup2\n0::\n:::\nCpus_allowed_list:\n 1 2 3 / \\9 5 - cgroup2 - -\n"
        #expect(MachineShare(processorCount: 2) { _ in garbage } == MachineShare(processorCount: 2) { _ in nil })
    }

    /// The first number of kilobytes would wrap round to one kilobyte in bytes.
    @Test(arguments: ["MemTotal: 18014398509481985 kB\n", "MemTotal: -1 kB\n", "MemTotal:\n", ""])
    func whatCannotBeMemoryIsNone(text: String) {
        var tree = FileTree.version1(at: "/app", ["memory/app/memory.limit_in_bytes": "9223372036854771712"])
        tree.files["/proc/meminfo"] = text
        #expect(tree.share.memory == nil)
    }

    @Test(arguments: 0...11)
    func aMountThatIsCutOffShowsNothing(fields: Int) {
        var tree = FileTree.version2(at: "/app", ["app/cpu.max": "100000 100000"])
        let whole = "35 22 0:30 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw".split(separator: " ")
        tree.files["/proc/self/mountinfo"] = whole.prefix(fields).joined(separator: " ")
        #expect(tree.share.quota == (fields == 11 ? 1 : nil))
    }

    @Test func thisProcessHasAShare() throws {
        let share = MachineShare.current()
        #expect(1...8192 ~= share.processors)
        #expect(1...share.processors ~= share.threads)
        #expect(try #require(share.memory) > 64 << 20)
    }
}
