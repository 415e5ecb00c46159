/// What is believed of a stored array before its bytes were seen.
enum ArrayLimits {
    /// The largest `.zarray` file.
    static let metadataBytes = 1 << 20
    /// Experts, layers, heads and two more.
    static let dimensions = 8
    /// Of all elements, 16 TiB.
    static let bytes = 1 << 44
    /// Of one chunk; T5X cuts at 64 MiB.
    static let chunkBytes = 1 << 31
    /// Of one array.
    static let chunks = 1 << 20
    /// Kept unpacked for the next tensor that lies in the same chunk.
    static let keptBytes = 256 << 20
    /// What a byte may unpack to: deflate reaches 1032, zstd 32 KiB by repeating one.
    static let expansion = 1 << 16
}
