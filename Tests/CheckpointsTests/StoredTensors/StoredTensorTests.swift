import Checkpoints
import Testing

@Suite struct StoredTensorTests {
    private func stored(_ type: String, _ bytes: [UInt8], count: Int) throws -> StoredTensor {
        let directory = try TemporaryDirectory()
        // An odd header length leaves the elements unaligned.
        let header = "{" + SafetensorsText.entry("t", type, "[\(count)]", "[0,\(bytes.count)]") + "}"
        let padded = header + (header.utf8.count.isMultiple(of: 2) ? " " : "")
        let file = SafetensorsText.file(padded, dataBytes: 0) + bytes
        try directory.write(file, to: "model.safetensors")
        return try SafetensorsFile(path: directory.path + "/model.safetensors").tensor(named: "t")
    }

    @Test func everyHalfIsWidenedExactly() throws {
        let patterns = (0...UInt16.max).map { $0 }
        let bytes = patterns.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let floats = try stored("F16", bytes, count: patterns.count).floats()
        for (pattern, float) in zip(patterns, floats) {
            let expected = Float(Float16(bitPattern: pattern))
            #expect(expected.isNaN ? float.isNaN : expected.bitPattern == float.bitPattern, "half \(pattern)")
        }
    }

    @Test func everyBrainFloatIsWidenedExactly() throws {
        let patterns = (0...UInt16.max).map { $0 }
        let bytes = patterns.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let floats = try stored("BF16", bytes, count: patterns.count).floats()
        #expect(floats.map(\.bitPattern) == patterns.map { UInt32($0) << 16 })
    }

    @Test func floatsAreCopiedAsTheyAre() throws {
        let bytes = Float(1.5).bitPattern.littleEndianBytes + Float(-0.0).bitPattern.littleEndianBytes
        let tensor = try stored("F32", bytes, count: 2)
        #expect(tensor.floats().map(\.bitPattern) == [Float(1.5).bitPattern, Float(-0.0).bitPattern])
    }

    @Test func rowsAreConvertedOnTheirOwn() {
        let tensor = StoredTensor(name: "t", shape: [3, 2], elements: [0, 1, 2, 3, 4, 5])
        var rows = [Float](repeating: -1, count: 4)
        rows.withUnsafeMutableBufferPointer { tensor.convert(rows: 1..<3, into: $0.baseAddress!) }
        #expect(rows == [2, 3, 4, 5])
        #expect(tensor.rowWidth == 2)
    }

    @Test func emptyTensorsAndScalarsAreTensors() {
        #expect(StoredTensor(name: "t", shape: [0, 5], elements: []).floats() == [])
        #expect(StoredTensor(name: "t", shape: [5, 0], elements: []).firstNonFinite() == nil)
        #expect(StoredTensor(name: "t", shape: [], elements: [7]).floats() == [7])
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func theFirstNonFiniteElementIsFound(value: Float) {
        var elements = [Float](repeating: 1, count: 40_000)
        elements[33_333] = value
        elements[39_999] = value
        #expect(StoredTensor(name: "t", shape: [400, 100], elements: elements).firstNonFinite() == 33_333)
        #expect(StoredTensor(name: "t", shape: [40_000], elements: elements).firstNonFinite() == 33_333)
    }

    @Test func largeFiniteElementsAreFinite() {
        let tensor = StoredTensor(
            name: "t",
            shape: [2],
            elements: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude]
        )
        #expect(tensor.firstNonFinite() == nil)
    }
}

extension FixedWidthInteger {
    /// The bytes of the number, lowest first.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
