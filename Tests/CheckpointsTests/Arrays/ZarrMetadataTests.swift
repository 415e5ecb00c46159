import Testing

@testable import Checkpoints

@Suite struct ZarrMetadataTests {
    private func metadata(_ changes: [String: String] = [:]) throws(ArrayProblem) -> ZarrMetadata {
        var members = [
            "chunks": "[4,4,6]", "compressor": #"{"id":"gzip","level":1}"#, "dimension_separator": #"".""#,
            "dtype": #""<f4""#, "fill_value": "null", "filters": "null", "order": #""C""#, "shape": "[4,16,24]",
            "zarr_format": "2",
        ]
        members.merge(changes) { $1 }
        let text = members.filter { $0.value != "" }.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",")
        return try ZarrMetadata(Array("{\(text)}".utf8))
    }

    @Test func whatTensorStoreWritesIsRead() throws {
        let metadata = try metadata()
        #expect(metadata.shape.sizes == [4, 16, 24] && metadata.shape.chunk == [4, 4, 6])
        #expect(metadata.shape.elementType == .float32 && metadata.compressor == .deflate && metadata.fillValue == nil)
        #expect(metadata.name(ofChunk: [0, 3, 2]) == "0.3.2" && metadata.shape.chunks(along: 2) == 4)
        #expect(try self.metadata(["dimension_separator": #""/""#]).name(ofChunk: [1, 0, 2]) == "1/0/2")
        #expect(try self.metadata(["shape": "[]", "chunks": "[]"]).name(ofChunk: []) == "0")
        #expect(try self.metadata(["compressor": "null"]).compressor == .none)
        #expect(try self.metadata(["compressor": #"{"id":"zstd"}"#]).compressor == .zstd)
        #expect(try self.metadata(["dtype": #""<u2""#, "fill_value": "16256"]).fillValue == 1)
        #expect(try self.metadata(["fill_value": #""NaN""#]).fillValue?.isNaN == true)
    }

    @Test(
        arguments: [
            (["zarr_format": "3"], ArrayProblem.unsupportedFormat(3)), (["filters": "[1]"], .hasFilters),
            (["compressor": #"{"id":"blosc"}"#], .blosc),
            (["compressor": #"{"id":"lzma"}"#], .unknownCompressor("lzma")),
            (["dtype": #"">f4""#], .unknownType(">f4")), (["dtype": #""<i4""#], .unknownType("<i4")),
            (["chunks": "[4,4]"], .badMember("chunks")), (["chunks": "[4,0,6]"], .badMember("chunks")),
            (["shape": "[4,-1,24]"], .badMember("shape")), (["order": #""A""#], .badMember("order")),
            (["shape": "[1,1,1,1,1,1,1,1,1]", "chunks": "[1,1,1,1,1,1,1,1,1]"], .tooManyDimensions(limit: 8)),
            (["shape": "[1048577]", "chunks": "[1]"], .tooManyChunks(limit: 1 << 20)),
            (
                ["shape": "[9223372036854775807,2]", "chunks": "[1,1]"],
                .tooLarge(bytes: "more than 2^63", limit: 1 << 44)
            ),
            (["shape": "[1]", "chunks": "[536870913]"], .tooLarge(bytes: "2147483652", limit: 1 << 31)),
        ] as [([String: String], ArrayProblem)]
    )
    func whatIsNotReadIsNamed(changes: [String: String], problem: ArrayProblem) {
        #expect(throws: problem) { try metadata(changes) }
        #expect(!problem.description.isEmpty)
    }

    @Test func aMillionChunksAreAllowed() throws {
        #expect(try metadata(["shape": "[1048576]", "chunks": "[1]"]).shape.chunks(along: 0) == 1 << 20)
    }
}
