import Testing

@testable import InferenceAPI

@Suite struct JSONTextTests {
    private struct Sample: Encodable {
        var zeta: Float = 0.1
        @OrNull var alpha: Int? = nil
        var path = "a/b\u{1}é"
    }

    @Test func membersAreSortedNullsWrittenAndFloatsShort() {
        let text = String(decoding: JSONText.bytes(Sample()), as: UTF8.self)
        #expect(text == #"{"alpha":null,"path":"a/b\u0001é","zeta":0.1}"#)
    }
}
