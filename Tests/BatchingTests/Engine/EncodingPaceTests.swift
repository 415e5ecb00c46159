import Testing

@testable import Batching

@Suite struct EncodingPaceTests {
    @Test func beforeAnythingIsMeasuredASliceIsOneLayer() {
        #expect(EncodingPace().layers(rows: 1, most: 2048) == 1)
    }

    @Test func aSliceTakesHalfAsLongAsAStep() {
        var pace = EncodingPace()
        pace.stepped(seconds: 0.010)
        pace.encoded(layers: 1, rows: 1, seconds: 0.002)
        #expect(pace.layers(rows: 1, most: 2048) == 2)
        pace.stepped(seconds: 0.040)
        pace.encoded(layers: 2, rows: 1, seconds: 0.008)
        #expect(pace.layers(rows: 1, most: 2048) == 5)
    }

    @Test func aSliceHasAtLeastOneLayerAndAtMostTheTokensAllowed() {
        var pace = EncodingPace()
        pace.stepped(seconds: 1)
        pace.encoded(layers: 1, rows: 1024, seconds: 0.001)
        #expect(pace.layers(rows: 1024, most: 2048) == 2)
        pace.encoded(layers: 1, rows: 5000, seconds: 0.001)
        #expect(pace.layers(rows: 5000, most: 2048) == 1)
        pace.encoded(layers: 1, rows: 1, seconds: 3)
        #expect(pace.layers(rows: 1, most: 2048) == 1)
    }

    @Test func aNewBatchIsProbedAgain() {
        var pace = EncodingPace()
        pace.stepped(seconds: 1)
        pace.encoded(layers: 1, rows: 1, seconds: 0.001)
        pace.began()
        #expect(pace.layers(rows: 1, most: 2048) == 1)
    }

    @Test func anotherStackIsProbedAgain() {
        var pace = EncodingPace()
        pace.stepped(seconds: 1)
        pace.encoded(layers: 1, rows: 20, seconds: 0.001)
        #expect(pace.layers(rows: 20, most: 2048) == 102)
        #expect(pace.layers(rows: 21, most: 2048) == 1)
        pace.encoded(layers: 1, rows: 21, seconds: 0.125)
        #expect(pace.layers(rows: 21, most: 2048) == 4)
    }
}
