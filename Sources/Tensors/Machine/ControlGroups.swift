/// The control groups a process is in, by the directories that show them.
///
/// Version 1 has a tree of groups for each controller, version 2 one for all of them; a machine may have both. A limit holds
/// for all groups below, so the tightest up to the mount decides (Linux, Documentation/admin-guide/cgroup-v2.rst and
/// cgroup-v1/cgroups.rst).
struct ControlGroups {
    enum Version { case one, two }

    /// A directory of one group.
    struct Group: Equatable {
        let version: Version
        let directory: String
    }

    /// The process's place in one tree.
    private struct Membership {
        let version: Version
        let controllers: [Substring]
        let path: [Substring]

        /// - Parameter line: of `/proc/self/cgroup`, such as `4:cpu,cpuacct:/docker/1f`; version 2 names no controllers.
        init?(_ line: Substring) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            controllers = fields[1].split(separator: ",")
            version = fields[0] == "0" && controllers.isEmpty ? .two : .one
            path = fields[2].split(separator: "/")
        }
    }

    /// A tree, or a branch of it, that the file system shows.
    private struct Mount {
        let version: Version
        let controllers: [Substring]
        /// What of the tree is shown.
        let root: [Substring]
        let point: String

        /// - Parameter line: of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else { return nil }
            switch fields[dash + 1] {
            case "cgroup": version = .one
            case "cgroup2": version = .two
            default: return nil
            }
            controllers = fields[dash + 3].split(separator: ",")
            root = fields[3].split(separator: "/")
            point = Self.unescaped(fields[4])
        }

        /// The kernel writes blanks and backslashes as three octal digits.
        private static func unescaped(_ path: Substring) -> String {
            var bytes: [UInt8] = []
            var rest = path.utf8[...]
            while let byte = rest.popFirst() {
                let digits = String(decoding: rest.prefix(3), as: UTF8.self)
                if byte == UInt8(ascii: "\\"), let escaped = UInt8(digits, radix: 8) {
                    bytes.append(escaped)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private let memberships: [Membership]
    private let mounts: [Mount]

    /// - Parameter read: the contents of a file by its path; nil when there is none.
    init(_ read: (String) -> String?) {
        func lines(_ path: String) -> [Substring] { (read(path) ?? "").split(whereSeparator: \.isNewline) }
        memberships = lines("/proc/self/cgroup").compactMap(Membership.init)
        mounts = lines("/proc/self/mountinfo").compactMap(Mount.init)
    }

    /// The groups of this process that may limit what `controller` is for: its own, then those above it.
    func groups(of controller: String) -> [Group] {
        memberships.flatMap { membership -> [Group] in
            guard membership.version == .two || membership.controllers.contains(controller[...]) else { return [] }
            let shown = mounts.filter { mount in
                mount.version == membership.version
                    && (mount.version == .two || mount.controllers.contains(controller[...]))
            }
            let above = shown.filter { membership.path.starts(with: $0.root) }
            // What a container is shown is its own, even where the path is that of another view of the tree.
            guard !above.isEmpty else { return shown.map { Group(version: $0.version, directory: $0.point) } }
            return above.flatMap { mount in
                let below = membership.path.dropFirst(mount.root.count)
                return (0...below.count).reversed().map { depth in
                    let directory = ([mount.point] + below.prefix(depth).map(String.init)).joined(separator: "/")
                    return Group(version: mount.version, directory: directory)
                }
            }
        }
    }
}
