import CSentencePiece

/// Owns a loaded SentencePiece model; the only file that touches its C face.
///
/// `@unchecked Sendable`: the pointer is set once, freed once in `deinit`, and every call through it only reads.
final class SentencePieceModel: @unchecked Sendable {
    enum Kind { case text, unknown, control, byte, unused }

    private let handle: OpaquePointer

    /// - Throws: `.malformedModel` when the library refuses the bytes.
    init(serialized: [UInt8], fileName: String) throws(TokenizerError) {
        var message: UnsafePointer<CChar>?
        guard let handle = csp_model_load(serialized, serialized.count, &message) else {
            throw .malformedModel(file: fileName, reason: message.map { String(cString: $0) } ?? "unknown failure")
        }
        self.handle = handle
    }

    deinit { csp_model_free(handle) }

    var pieceCount: Int { Int(csp_model_piece_count(handle)) }
    var endID: Int32 { csp_model_end_id(handle) }
    var paddingID: Int32 { csp_model_padding_id(handle) }
    var unknownID: Int32 { csp_model_unknown_id(handle) }

    func piece(_ id: Int32) -> String? {
        var count = 0
        guard let bytes = csp_model_piece(handle, id, &count) else { return nil }
        return bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
        }
    }

    func kind(_ id: Int32) -> Kind {
        switch csp_model_piece_kind(handle, id) {
        case csp_piece_kind_text: .text
        case csp_piece_kind_control: .control
        case csp_piece_kind_byte: .byte
        case csp_piece_kind_unused: .unused
        default: .unknown
        }
    }

    /// Ids of UTF-8 text; none when the library fails, which it does for no valid UTF-8.
    func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
        text.withUnsafeBytes { bytes in
            var ids: UnsafeMutablePointer<Int32>?
            var count = 0
            var message: UnsafePointer<CChar>?
            let start = bytes.bindMemory(to: CChar.self).baseAddress
            guard csp_model_encode(handle, start, bytes.count, &ids, &count, &message) == 0 else { return [] }
            defer { csp_free(ids) }
            return Array(UnsafeBufferPointer(start: ids, count: count))
        }
    }

    /// The library's own joining of ids; empty when one is outside the vocabulary.
    func decode(_ ids: [Int32]) -> String {
        var text: UnsafeMutablePointer<CChar>?
        var count = 0
        var message: UnsafePointer<CChar>?
        guard csp_model_decode(handle, ids, ids.count, &text, &count, &message) == 0 else { return "" }
        defer { csp_free(text) }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
    }
}
