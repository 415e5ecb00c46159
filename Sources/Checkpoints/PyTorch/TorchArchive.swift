private import Synchronization

/// A weight file as PyTorch writes it since 1.6: a zip archive of a pickle and one member for each storage.
///
/// Storages are used where they lie in the file. Those that somebody deflated are unpacked when a tensor is asked for,
/// and the last of them is kept for the next tensor.
final class TorchArchive: TorchStorages {
    let pickle: Pickle
    private let file: String
    private let archive: ZipArchive
    private let folder: String
    private let unpacked = Mutex<(key: String, bytes: ByteSource)?>(nil)

    private static let byteOrderLimit = 16

    init(_ source: ByteSource, file: String) throws(CheckpointError) {
        self.file = file
        let bytes: ByteSource
        do throws(ArchiveProblem) {
            archive = try ZipArchive(source)
            let pickles = archive.members.values.filter { Self.isPickle($0.name) }
            guard let member = pickles.first, pickles.count == 1 else { throw .noPickle(found: pickles.count) }
            folder = String(member.name.dropLast("data.pkl".count))
            try Self.checkByteOrder(archive, folder: folder)
            bytes = try archive.checkedContents(of: member, limit: PickleLimits().bytes)
        } catch {
            throw .malformedArchive(file: file, problem: error)
        }
        do { pickle = try Unpickler.read(bytes) } catch { throw .malformedPickle(file: file, problem: error) }
        for storage in pickle.storages { try storage.check(member(storage.key)?.size, file: file) }
    }

    func bytes(of key: String) throws(CheckpointError) -> ByteSource {
        guard let member = member(key) else { throw .malformedStorage(file: file, storage: key, problem: .missing) }
        do throws(ArchiveProblem) {
            guard member.isDeflated else { return try archive.contents(of: member) }
            if let last = unpacked.withLock({ $0 }), last.key == key { return last.bytes }
            let bytes = try archive.contents(of: member)
            unpacked.withLock { $0 = (key, bytes) }
            return bytes
        } catch {
            throw .malformedArchive(file: file, problem: error)
        }
    }

    private func member(_ key: String) -> ZipArchive.Member? { archive.members["\(folder)data/\(key)"] }

    /// Whether `name` is that of the pickle, in a folder at the top.
    private static func isPickle(_ name: String) -> Bool {
        name.hasSuffix("/data.pkl") && name.utf8.count { $0 == UInt8(ascii: "/") } == 1
    }

    /// Refuses what a machine of the other byte order wrote; before 2.1 nothing was said, and all were little-endian.
    private static func checkByteOrder(_ archive: ZipArchive, folder: String) throws(ArchiveProblem) {
        guard let member = archive.members[folder + "byteorder"] else { return }
        let contents = try archive.checkedContents(of: member, limit: byteOrderLimit)
        let order = String(decoding: contents.bytes(in: 0..<contents.count), as: UTF8.self)
        guard order == "little" else { throw .byteOrder(order) }
    }
}
