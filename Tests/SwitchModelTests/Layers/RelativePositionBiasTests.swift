import Testing

@testable import SwitchModel

@Suite struct RelativePositionBiasTests {
    private func buckets(_ distances: some Sequence<Int>, isBidirectional: Bool) -> [Int] {
        distances.map {
            RelativePositionBias.bucket(
                of: $0,
                isBidirectional: isBidirectional,
                count: 32,
                maximumDistance: 128
            )
        }
    }

    // Expected values: `_relative_position_bucket` of transformers 5.23.0.
    @Test func encoderBucketsSeeBothDirections() {
        #expect(
            buckets([-200, -128, -20, -9, -8, -1, 0, 1, 8, 9, 20, 128, 200], isBidirectional: true)
                == [15, 15, 10, 8, 8, 1, 0, 17, 24, 24, 26, 31, 31]
        )
    }

    @Test func decoderBucketsSeeThePastOnly() {
        #expect(
            buckets([-200, -127, -20, -17, -16, -9, -1, 0, 5], isBidirectional: false)
                == [31, 31, 17, 16, 16, 9, 1, 0, 0]
        )
    }
}
