/// A weight file as PyTorch wrote it before 1.6: pickles of a magic number, a version, the writer's machine, the weights
/// and the keys of the storages, and then the storages, each behind the number of its elements.
struct LegacyTorchFile: TorchStorages {
    let pickle: Pickle
    private let storages: [String: ByteSource]

    /// As an integer, little-endian.
    private static let magicNumber: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let version = 1001

    init(_ source: ByteSource, file: String) throws(CheckpointError) {
        var position = 0
        guard let first = try? Self.next(source, &position, file: file), case .long(let number) = first.root,
            first.source.bytes(in: number.range) == Self.magicNumber
        else { throw .malformedLegacyFile(file: file, problem: .noMagicNumber) }
        guard try Self.next(source, &position, file: file).root == .integer(Self.version) else {
            throw .malformedLegacyFile(file: file, problem: .unknownVersion)
        }
        let machine = try Self.next(source, &position, file: file)
        guard !Self.isBigEndian(machine) else {
            throw .malformedLegacyFile(file: file, problem: .bigEndian)
        }
        pickle = try Self.next(source, &position, file: file)
        let list = try Self.next(source, &position, file: file)
        guard case .list(let number) = list.root else {
            throw .malformedLegacyFile(file: file, problem: .noStorageList)
        }
        let keys = try list.listElements.filter { $0.list == number }.map { element throws(CheckpointError) in
            guard case .text(let span) = element.value, let key = try? list.text(span) else {
                throw .malformedLegacyFile(file: file, problem: .noStorageList)
            }
            return key
        }
        storages = try Self.storages(keys, of: pickle, in: source.slice(position..<source.count), file: file)
    }

    func bytes(of key: String) -> ByteSource { storages[key] ?? ByteSource([]) }

    /// Reads the pickle at `position` and moves there behind it.
    private static func next(
        _ source: ByteSource,
        _ position: inout Int,
        file: String
    ) throws(CheckpointError) -> Pickle {
        do {
            let pickle = try Unpickler.read(source.slice(position..<source.count))
            position += pickle.end
            return pickle
        } catch {
            throw .malformedPickle(file: file, problem: error)
        }
    }

    private static func isBigEndian(_ machine: Pickle) -> Bool {
        machine.items.contains { item in
            guard case .text(let key) = item.key, item.value == .bool(false) else { return false }
            return (try? machine.text(key)) == "little_endian"
        }
    }

    /// Finds the storages `keys` in `data`, where they follow each other to its end.
    private static func storages(
        _ keys: [String],
        of pickle: Pickle,
        in data: ByteSource,
        file: String
    ) throws(CheckpointError) -> [String: ByteSource] {
        let described = Dictionary(uniqueKeysWithValues: pickle.storages.map { ($0.key, $0) })
        var storages: [String: ByteSource] = [:]
        var position = 0
        for key in keys {
            guard let storage = described[key], storages[key] == nil else {
                throw .malformedStorage(file: file, storage: key, problem: .unexpected)
            }
            guard let count: Int64 = data.number(at: position) else {
                throw .malformedLegacyFile(file: file, problem: .endsEarly)
            }
            position += 8
            let size = storage.type.bitCount / 8
            guard count >= 0, count <= (data.count - position) / size else {
                throw .malformedLegacyFile(file: file, problem: .endsEarly)
            }
            let end = position + Int(count) * size
            try storage.check(end - position, file: file)
            storages[key] = data.slice(position..<end)
            position = end
        }
        for storage in pickle.storages { try storage.check(storages[storage.key]?.count, file: file) }
        guard position == data.count else {
            throw .malformedLegacyFile(file: file, problem: .trailingBytes(data.count - position))
        }
        return storages
    }
}
