package import Foundation

/// Writes a safetensors file, tensor by tensor; it takes its name when it is complete.
package struct SafetensorsWriter {
    /// What one tensor is called and how it is stored.
    package struct Entry {
        package var name: String
        /// Row-major; empty for a scalar.
        package var shape: [Int]
        package var type: StoredType
        /// Its elements, row by row: asked for once, when its turn has come.
        package var elements: () -> [Float]

        /// - Parameter elements: kept, with what it captures, as long as the entry.
        package init(_ name: String, _ shape: [Int], _ type: StoredType, _ elements: @escaping () -> [Float]) {
            (self.name, self.shape, self.type, self.elements) = (name, shape, type, elements)
        }

        var byteCount: Int { shape.reduce(1, *) * (type == .float32 ? 4 : 2) }
    }

    /// How numbers are stored; bfloat16 is rounded to, ties to even.
    package enum StoredType: String, Equatable, Sendable {
        case float32 = "F32"
        case bfloat16 = "BF16"
    }

    private let entries: [Entry]

    /// Orders tensors by name, so that the same weights give the same bytes.
    package init(_ entries: [Entry]) { self.entries = entries.sorted { $0.name < $1.name } }

    /// Writes the file and sees to it that it is on the disk.
    ///
    /// - Precondition: every tensor has as many elements as its shape says.
    package func write(to path: String) throws(CheckpointError) {
        let partial = path + ".partial"
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let file = FileHandle(forWritingAtPath: partial)
        else { throw .unwritable(file: partial, reason: "it cannot be made") }
        do {
            try file.write(contentsOf: Self.header(of: entries))
            for entry in entries { try file.write(contentsOf: Self.bytes(of: entry)) }
            try file.synchronize()
            try file.close()
        } catch {
            throw .unwritable(file: partial, reason: "\(error)")
        }
        guard rename(partial, path) == 0 else { throw .unwritable(file: path, reason: "it cannot be replaced") }
    }

    /// The length of the description, then the description, filled up with spaces to whole cache lines.
    ///
    /// - Parameter entries: in the order in which their bytes follow.
    package static func header(of entries: [Entry]) -> Data {
        var end = 0
        var fields = [#""__metadata__":{"format":"pt"}"#]
        for entry in entries {
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let range = "\(end),\(end + entry.byteCount)"
            fields.append(
                #""\#(entry.name)":{"dtype":"\#(entry.type.rawValue)","shape":[\#(shape)],"data_offsets":[\#(range)]}"#
            )
            end += entry.byteCount
        }
        var text = Data("{\(fields.joined(separator: ","))}".utf8)
        text.append(Data(repeating: UInt8(ascii: " "), count: (64 - (text.count + 8) % 64) % 64))
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text
    }

    /// A tensor's elements as they are stored.
    ///
    /// - Precondition: there are as many as its shape says.
    package static func bytes(of entry: Entry) -> Data {
        let elements = entry.elements()
        precondition(elements.count == entry.shape.reduce(1, *), "\(entry.name): \(elements.count) elements")
        switch entry.type {
        case .float32: return elements.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
        case .bfloat16: return elements.map { rounded($0).littleEndian }.withUnsafeBytes { Data($0) }
        }
    }

    /// The bfloat16 nearest to `value`, ties to even.
    static func rounded(_ value: Float) -> UInt16 {
        guard !value.isNaN else { return 0x7FC0 }
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
