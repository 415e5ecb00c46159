import Testing

@testable import InferenceAPI

@Test(arguments: [
    (Float.nan, -9999 as Float), (-.infinity, -9999), (.infinity, 9999), (-20_000, -9999), (-0.5, -0.5),
])
func numbersJSONCannotHoldAreReplaced(value: Float, written: Float) {
    #expect(value.finite == written)
}
