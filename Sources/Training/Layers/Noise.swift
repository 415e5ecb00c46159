/// Keys for everything random in a pass, the same for the same seed.
///
/// SplitMix64 (Steele and others, 2014).
package struct Noise: RandomNumberGenerator, Equatable, Sendable {
    private var state: UInt64

    /// The one stream of a seed; give a path where there are several.
    package init(seed: UInt64) { state = seed }

    /// A stream of its own for each combination of numbers.
    package init(seed: UInt64, _ path: UInt64...) {
        state = seed
        for number in path { state = next() ^ (number &* 0xD6E8_FEB8_6659_FD93) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1, exclusive.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
