/// What a zip archive may hold at most; weight files stay far below.
struct ZipLimits: Sendable {
    var members = 1 << 19
    /// Deflated members may together unpack to this many times the file, and `freeBytes` more.
    var expansion = 32
    var freeBytes = 1 << 20
}
