import Foundation
import TestSupport
import Testing

@testable import Checkpoints

/// Tensors of arrays in chunks, beside element by element what they are.
@Suite struct ArrayTensorTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Element `index` of the array in row-major order is `index`, but for what lies beyond the edges.
    private func write(_ sizes: [Int], _ chunk: [Int], order: String = "C", separator: String = ".") throws {
        let text = #"""
            {"zarr_format":2,"shape":\#(sizes),"chunks":\#(chunk),"dtype":"<f4","compressor":null,"fill_value":null,
             "order":"\#(order)","dimension_separator":"\#(separator)"}
            """#
        try directory.write(text, to: ".zarray")
        let shape = try ArrayShape(sizes: sizes, chunk: chunk, .float32)
        let strides = shape.strides(isColumnMajor: order == "F")
        for index in ArrayView(rows: Array(sizes.indices)).chunks(of: shape) {
            var elements = [Float](repeating: -1, count: shape.chunkElements)
            for place in Self.indices(chunk) {
                let global = place.indices.map { index[$0] * chunk[$0] + place[$0] }
                guard zip(global, sizes).allSatisfy({ $0 < $1 }) else { continue }
                elements[zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }] = Float(Self.number(global, sizes))
            }
            let name = index.map(String.init).joined(separator: separator)
            let path = URL(filePath: directory.path + "/" + name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try elements.withUnsafeBytes { Data($0) }.write(to: path)
        }
    }

    private static func indices(_ sizes: [Int]) -> [[Int]] {
        sizes.reduce([[]]) { starts, size in starts.flatMap { start in (0..<size).map { start + [$0] } } }
    }

    private static func number(_ index: [Int], _ sizes: [Int]) -> Int {
        zip(index, sizes).reduce(0) { $0 * $1.1 + $1.0 }
    }

    private func check(_ view: ArrayView, _ sizes: [Int]) throws {
        let array = try ZarrDirectory.open(directory.path)
        let tensor = ArrayTensor(array: array, view: view).tensor(named: "t", ChunkCache())
        let rows = Self.indices(view.rows.map { sizes[$0] }), columns = Self.indices(view.columns.map { sizes[$0] })
        let expected = rows.flatMap { row in
            columns.map { column in
                var index = sizes.indices.map { view.fixed[$0] ?? 0 }
                for (axis, value) in zip(view.rows + view.columns, row + column) { index[axis] = value }
                return Float(Self.number(index, sizes))
            }
        }
        #expect(tensor.floats() == expected && tensor.problem == nil)
        // In pieces of rows, as layers read it.
        var pieces = [Float](repeating: .nan, count: expected.count)
        for start in stride(from: 0, to: tensor.rows, by: 3) {
            pieces.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                let rows = start..<min(start + 3, tensor.rows)
                tensor.convert(rows: rows, into: base + start * tensor.rowWidth)
            }
        }
        #expect(pieces == expected)
    }

    @Test(arguments: [("C", "."), ("F", "/")]) func everyViewIsWhatItSays(order: String, separator: String) throws {
        let sizes = [5, 7, 19]
        for chunk in [[5, 7, 19], [2, 3, 4], [1, 7, 8], [8, 8, 32], [3, 1, 19]] {
            try write(sizes, chunk, order: order, separator: separator)
            try check(ArrayView(fixed: [0: 3], rows: [2], columns: [1]), sizes)
            try check(ArrayView(fixed: [0: 4], rows: [1], columns: [2]), sizes)
            try check(ArrayView(fixed: [1: 6], rows: [2], columns: [0]), sizes)
            try check(ArrayView(rows: [1, 2], columns: [0]), sizes)
            try check(ArrayView(rows: [2], columns: [0, 1]), sizes)
            try check(ArrayView(fixed: [1: 2, 2: 18], rows: [0]), sizes)
            try FileManager.default.contentsOfDirectory(atPath: directory.path).forEach {
                try FileManager.default.removeItem(atPath: directory.path + "/" + $0)
            }
        }
    }

    @Test func aMissingChunkIsWhatTheArraySaysOrAnError() throws {
        try write([4, 2], [2, 2])
        try FileManager.default.removeItem(atPath: directory.path + "/1.0")
        let tensor = {
            let array = try ZarrDirectory.open(directory.path)
            return ArrayTensor(array: array, view: ArrayView(rows: [0], columns: [1])).tensor(named: "t", ChunkCache())
        }
        let missing = try tensor()
        #expect(missing.floats().allSatisfy { $0.isNaN })
        #expect(missing.problem == .malformedArray(file: directory.path, problem: .missingChunk("1.0")))
        let path = directory.path + "/.zarray"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try directory.write(text.replacing(#""fill_value":null"#, with: #""fill_value":2.5"#), to: ".zarray")
        #expect(try tensor().floats() == [0, 1, 2, 3, 2.5, 2.5, 2.5, 2.5])
    }

    @Test func aChunkOfAnotherSizeIsFound() throws {
        try write([4, 2], [2, 2])
        try Data(count: 12).write(to: URL(filePath: directory.path + "/0.0"))
        let array = try ZarrDirectory.open(directory.path)
        let tensor = ArrayTensor(array: array, view: ArrayView(rows: [1], columns: [0])).tensor(
            named: "t",
            ChunkCache()
        )
        _ = tensor.floats()
        let problem = ArrayProblem.wrongSize(chunk: "0.0", found: 12, expected: 16)
        #expect(tensor.problem == .malformedArray(file: directory.path, problem: problem))
    }
}
