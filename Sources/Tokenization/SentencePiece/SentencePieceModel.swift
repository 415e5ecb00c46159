import CSentencePiece

/// The vocabulary and segmentation rules of a `.model` file: the fence around the C++ library.
///
/// `@unchecked Sendable`: the library's model is immutable after loading and its reads are thread-safe.
final class SentencePieceModel: @unchecked Sendable {
    private let handle: OpaquePointer
    let pieceCount: Int

    /// - Throws: `TokenizerError.unreadable` with the library's own message.
    init(serialized bytes: [UInt8], file: String) throws(TokenizerError) {
        var message: UnsafePointer<CChar>?
        guard let handle = csp_model_load(bytes, bytes.count, &message) else {
            throw .unreadable(file: file, message: message.map { String(cString: $0) } ?? "unknown failure")
        }
        self.handle = handle
        pieceCount = Int(csp_model_piece_count(handle))
    }

    deinit {
        csp_model_free(handle)
    }

    /// Ids of `text`, which must be UTF-8; empty when the library fails.
    func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
        text.withUnsafeBytes { bytes in
            let characters = bytes.bindMemory(to: CChar.self)
            guard let ids = csp_model_encode(handle, characters.baseAddress, characters.count) else { return [] }
            defer { csp_ids_free(ids) }
            var count = 0
            let values = csp_ids_values(ids, &count)
            return Array(UnsafeBufferPointer(start: values, count: count))
        }
    }

    /// The kind and the entry of an id from 0 up to `pieceCount`.
    func entry(_ id: Int32) -> (kind: csp_kind, piece: String) {
        precondition(id >= 0 && id < pieceCount)
        var count = 0
        let characters = csp_model_piece(handle, id, &count)
        let bytes = UnsafeBufferPointer(start: characters, count: count).map { UInt8(bitPattern: $0) }
        return (csp_model_kind(handle, id), String(decoding: bytes, as: UTF8.self))
    }
}
