import Tensors

/// The files of a machine with 8 processors and 16 GB, by their paths.
struct FileTree {
    static let machineMemory = 16_000_000 << 10

    var files: [String: String]

    init(_ files: [String: String]) {
        let machine = [
            "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree:   1 kB\n",
            "/proc/self/status": "Name:\tswitchyard\nCpus_allowed:\tffff\nCpus_allowed_list:\t0-15\n",
            "/sys/devices/system/cpu/online": "0-7\n",
        ]
        self.files = machine.merging(files) { $1 }
    }

    /// With one tree of groups, of which the process is in the one at `path`; `files` are below the mount.
    static func version2(at path: String, _ files: [String: String]) -> FileTree {
        var tree = FileTree([
            "/proc/self/cgroup": "0::\(path)\n",
            "/proc/self/mountinfo": """
            22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
            35 22 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate

            """,
        ])
        for (name, text) in files { tree.files["/sys/fs/cgroup/" + name] = text }
        return tree
    }

    /// With a tree for each controller, named before `path` in `files`.
    static func version1(at path: String, _ files: [String: String]) -> FileTree {
        let controllers = ["cpu", "cpuset", "memory"]
        let lines = controllers.enumerated().map { number, controller in
            (
                group: "\(number + 1):\(controller):\(path)\n",
                mount:
                    "\(number + 40) 31 0:3\(number) / /sys/fs/cgroup/\(controller) rw - cgroup cgroup rw,\(controller)\n"
            )
        }
        var tree = FileTree([
            "/proc/self/cgroup": lines.map(\.group).joined(),
            "/proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
                + lines.map(\.mount).joined(),
        ])
        for (name, text) in files { tree.files["/sys/fs/cgroup/" + name] = text }
        return tree
    }

    private var read: (String) -> String? { { files[$0] } }

    /// Of a process that may run on all of them.
    var share: MachineShare { MachineShare(processorCount: 99, files: read) }

    /// Lets the process run on the processors of a list alone.
    func withAffinity(_ list: String) -> FileTree {
        var tree = self
        tree.files["/proc/self/status"] = "Cpus_allowed_list:\t\(list)\n"
        return tree
    }
}
