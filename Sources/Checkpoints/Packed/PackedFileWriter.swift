private import Foundation
package import Tensors

/// Writes a file of packed matrices, ready to be mapped: in the layout of safetensors, a packed matrix being a Float32 tensor
/// `[panels, floats of a panel]` named `….packed`.
///
/// Packed matrices come first, so that each begins at a cache line; the header is written last, into room left for it. The
/// file takes its name when it is complete.
package final class PackedFileWriter {
    package static let fileName = "model.packed"
    /// Under `__metadata__`: the precision and the version of the layout.
    static let packingKey = "switchyard.packing"

    private let path: String
    private let partial: String
    private let file: FileHandle
    private let headerRoom: Int
    private var entries: [String] = []
    private var end = 0
    /// Tensors written as they are, once all packed matrices are.
    private var plain: [String: StoredTensor] = [:]

    /// - Parameters:
    ///   - directory: there already, without such a file.
    ///   - tensors: at most so many will be written.
    package init(directory: String, tensors: Int) throws(CheckpointError) {
        path = directory + "/" + Self.fileName
        partial = path + ".partial"
        headerRoom = (tensors * 256 + 4096) / 4096 * 4096
        guard FileManager.default.createFile(atPath: partial, contents: nil),
            let file = FileHandle(forWritingAtPath: partial)
        else { throw .unwritable(file: partial, reason: "it cannot be made") }
        self.file = file
        try perform { try file.seek(toOffset: UInt64(headerRoom)) }
    }

    /// Writes a packed matrix.
    package func write(_ name: String, _ matrix: PackedMatrix) throws(CheckpointError) {
        let shape = PackedMatrix.packedShape(outputs: matrix.outputs, inputs: matrix.inputs, matrix.precision)
        try perform {
            try matrix.withPackedBytes { try file.write(contentsOf: Data($0)) }
        }
        note(name + ".packed", shape, bytes: matrix.byteCount)
    }

    /// Has a tensor written as it is, in Float32, at the end.
    package func keep(_ name: String, _ tensor: StoredTensor) { plain[name] = tensor }

    /// Writes what is left and gives the file its name.
    package func finish(_ precision: ModelPrecision) throws(CheckpointError) {
        for (name, tensor) in plain.sorted(by: { $0.key < $1.key }) {
            let bytes = tensor.floats().withUnsafeBytes { Data($0) }
            try perform { try file.write(contentsOf: bytes) }
            note(name, tensor.shape, bytes: bytes.count)
        }
        let packing = #""__metadata__":{"format":"pt","\#(Self.packingKey)":"\#(Self.packing(precision))"}"#
        let header = "{" + ([packing] + entries).joined(separator: ",") + "}"
        let length = headerRoom - 8
        guard header.utf8.count <= length else {
            throw .headerTooLong(file: partial, length: UInt64(header.utf8.count), limit: length)
        }
        var bytes = withUnsafeBytes(of: UInt64(length).littleEndian) { Data($0) }
        bytes.append(contentsOf: header.utf8)
        bytes.append(Data(repeating: UInt8(ascii: " "), count: headerRoom - bytes.count))
        try perform {
            try file.seek(toOffset: 0)
            try file.write(contentsOf: bytes)
            try file.synchronize()
            try file.close()
        }
        guard rename(partial, path) == 0 else { throw .unwritable(file: path, reason: "it cannot be replaced") }
    }

    /// How a precision and this layout are written down: weights whose scales are shared were balanced before.
    package static func packing(_ precision: ModelPrecision) -> String {
        let (layers, experts) = (precision.layers, precision.experts)
        return "\(layers.rawValue)/\(PackedMatrix.layoutVersion)" + (layers.sharesScales ? "/balanced" : "")
            + (experts == layers ? "" : "/experts-\(experts.rawValue)")
    }

    private func note(_ name: String, _ shape: [Int], bytes: Int) {
        let shape = shape.map(String.init).joined(separator: ",")
        entries.append(#""\#(name)":{"dtype":"F32","shape":[\#(shape)],"data_offsets":[\#(end),\#(end + bytes)]}"#)
        end += bytes
    }

    private func perform(_ body: () throws -> Void) throws(CheckpointError) {
        do { try body() } catch { throw .unwritable(file: partial, reason: "\(error)") }
    }
}
