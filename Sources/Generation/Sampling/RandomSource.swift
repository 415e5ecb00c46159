/// Uniform numbers that depend only on the request's seed, the draw and the step, never on what else is running.
struct RandomSource: Sendable {
    private let key: UInt64

    init(seed: UInt64, draw: Int) {
        key = Self.mixed(seed &+ Self.mixed(UInt64(draw) &+ 0x9E37_79B9_7F4A_7C15))
    }

    /// A number from 0 up to 1, exclusive.
    func uniform(step: Int) -> Double {
        Double(Self.mixed(key &+ UInt64(step) &* 0x9E37_79B9_7F4A_7C15) >> 11) * 0x1p-53
    }

    /// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
