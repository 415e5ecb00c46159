private import Foundation

/// Writes the files of a plan from the tensors of a checkpoint, a block of rows at a time, and reads them back.
///
/// A file that is being written ends with `.partial`; one that has its name was complete, flushed, and compared with its
/// source. Called again after an interruption it goes on behind the last whole tensor.
package struct ShardConversion {
    private let source: any WeightSource
    private let directory: String
    /// Called with the bytes written, or found written, and again with those compared.
    private let progress: (_ bytes: Int) -> Void

    /// Converted at once.
    private static let blockBytes = 16 << 20
    /// Tensors that are unpacked while one is written.
    private static let ahead = 2

    package init(
        from source: any WeightSource,
        into directory: String,
        progress: @escaping (_ bytes: Int) -> Void = { _ in }
    ) {
        (self.source, self.directory, self.progress) = (source, directory, progress)
    }

    /// Writes and compares every file that has not its name yet.
    ///
    /// - Throws: `CheckpointError` for damaged or missing tensors, for numbers that are none, and for files that cannot be
    ///   written or read back otherwise than they were written.
    package func run(_ plan: ShardPlan) throws(CheckpointError) {
        for shard in plan.shards {
            let path = directory + "/" + shard.fileName
            let bytes = shard.tensors.reduce(0) { $0 + $1.byteCount }
            guard !FileManager.default.fileExists(atPath: path) else {
                progress(2 * bytes)
                continue
            }
            try write(shard, to: path + ".partial")
            try compare(shard, with: path + ".partial")
            guard rename(path + ".partial", path) == 0 else {
                throw .unwritable(file: path, reason: "it cannot be given its name")
            }
        }
    }

    private func write(_ shard: ShardPlan.Shard, to path: String) throws(CheckpointError) {
        let header = shard.header
        var (end, done) = (header.count, 0)
        let found = try MappedFile.ifPresent(path: path)
        if let found, found.count >= header.count, Data(found.bytes(in: 0..<header.count)) == header {
            while done < shard.tensors.count, end + shard.tensors[done].byteCount <= found.count {
                end += shard.tensors[done].byteCount
                progress(shard.tensors[done].byteCount)
                done += 1
            }
        }
        if found == nil, !FileManager.default.createFile(atPath: path, contents: nil) {
            throw .unwritable(file: path, reason: "it cannot be made")
        }
        guard let file = FileHandle(forUpdatingAtPath: path) else {
            throw .unwritable(file: path, reason: "it cannot be opened")
        }
        defer { try? file.close() }
        try Self.perform(path) {
            if done == 0 { try file.truncate(atOffset: 0) } else { try file.truncate(atOffset: UInt64(end)) }
            try file.seekToEnd()
            if done == 0 { try file.write(contentsOf: header) }
        }
        try forEach(shard.tensors[done...]) { tensor, bytes throws(CheckpointError) in
            try Self.perform(path) { try file.write(contentsOf: bytes) }
            progress(bytes.count)
        }
        try Self.perform(path) { try file.synchronize() }
    }

    /// Compares what is in the file with the source, bit by bit.
    private func compare(_ shard: ShardPlan.Shard, with path: String) throws(CheckpointError) {
        let written = try SafetensorsFile(path: path)
        var (name, position) = ("", 0)
        let mapped = try MappedFile(path: path)
        try forEach(shard.tensors[...]) { tensor, bytes throws(CheckpointError) in
            if tensor.name != name { (name, position) = (tensor.name, 0) }
            guard let entry = written.header.entries[name], position + bytes.count <= entry.bytes.count else {
                throw .unwritable(file: path, reason: "tensor \(quoted(name)) is not in it as it was written")
            }
            let start = entry.bytes.lowerBound + position
            let isEqual = mapped.withBytes(in: start..<start + bytes.count) { $0.elementsEqual(bytes) }
            guard isEqual else {
                throw .unwritable(file: path, reason: "tensor \(quoted(name)) does not read back as it was written")
            }
            position += bytes.count
            mapped.advise(.finished, in: start..<start + bytes.count)
            progress(bytes.count)
        }
    }

    /// Calls `body` with every tensor's bytes, block by block.
    private func forEach(
        _ tensors: ArraySlice<ShardPlan.Tensor>,
        _ body: (_ tensor: ShardPlan.Tensor, _ bytes: Data) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var sources: [StoredTensor] = []
        var buffer: [Float] = []
        for (number, tensor) in tensors.enumerated() {
            for next in tensors.dropFirst(number + sources.count).prefix(Self.ahead + 1 - sources.count) {
                let source = try source.tensor(named: next.source)
                guard source.shape == next.shape else {
                    throw .shapeMismatch(
                        name: next.source,
                        file: source.file,
                        expected: next.shape,
                        found: source.shape
                    )
                }
                source.advise(.expected)
                sources.append(source)
            }
            let source = sources.removeFirst()
            let rows = max(1, Self.blockBytes / max(1, source.rowWidth * 4))
            for start in stride(from: 0, to: source.rows, by: rows) {
                let range = start..<min(start + rows, source.rows)
                try read(source, range, into: &buffer)
                try body(tensor, Self.bytes(buffer, tensor.type))
            }
            source.advise(.finished)
        }
    }

    private func read(_ source: StoredTensor, _ rows: Range<Int>, into buffer: inout [Float]) throws(CheckpointError) {
        let count = rows.count * source.rowWidth
        if buffer.count != count { buffer = [Float](repeating: 0, count: count) }
        let largest = buffer.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { source.convert(rows: rows, into: base) }
            return buffer.reduce(UInt32(0)) { max($0, $1.bitPattern & 0x7FFF_FFFF) }
        }
        if let problem = source.problem { throw problem }
        guard largest < Float.infinity.bitPattern else {
            let index = buffer.firstIndex { !$0.isFinite } ?? 0
            throw .notFinite(name: source.name, file: source.file, index: rows.lowerBound * source.rowWidth + index)
        }
    }

    private static func bytes(_ elements: [Float], _ type: SafetensorsWriter.StoredType) -> Data {
        switch type {
        case .float32: elements.withUnsafeBytes { Data($0) }
        case .bfloat16:
            elements.map { SafetensorsWriter.rounded($0).littleEndian }.withUnsafeBytes { Data($0) }
        }
    }

    private static func perform(_ path: String, _ body: () throws -> Void) throws(CheckpointError) {
        do { try body() } catch { throw .unwritable(file: path, reason: "\(error)") }
    }
}
