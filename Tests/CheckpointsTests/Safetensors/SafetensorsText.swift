/// Spells out safetensors files, good and bad.
enum SafetensorsText {
    /// A file with `header` and `dataBytes` bytes of data 0, 1, 2 …; `length` lies about the header where it is given.
    static func file(_ header: String, dataBytes: Int, length: UInt64? = nil) -> [UInt8] {
        let text = Array(header.utf8)
        let length = length ?? UInt64(text.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        return prefix + text + (0..<dataBytes).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// One member of a header.
    static func entry(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }
}
