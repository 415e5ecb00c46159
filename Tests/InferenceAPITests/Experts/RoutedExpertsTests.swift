import Generation
import Testing

@testable import InferenceAPI

@Suite struct RoutedExpertsTests {
    @Test func everyChoiceOfALayerIsAListOverTokens() {
        var routes: [TokenRoute] = []
        for position in 0..<2 {
            for block in [3, 1] {
                for choice in 0..<2 {
                    let expert = 10 * block + 2 * position + choice
                    let gate = Float(choice) / 4
                    let isDropped = position + choice == 2
                    routes.append(
                        TokenRoute(
                            position: position,
                            block: block,
                            choice: choice,
                            expert: expert,
                            gate: gate,
                            isDropped: isDropped
                        )
                    )
                }
            }
        }
        let layers = RoutedExperts.layers(routes)
        #expect(layers.map(\.block) == [1, 1, 3, 3])
        #expect(layers.map(\.choice) == [0, 1, 0, 1])
        #expect(layers.map(\.experts) == [[10, 12], [11, 13], [30, 32], [31, 33]])
        #expect(layers[1].gates == [0.25, 0.25])
        #expect(layers[1].dropped == [false, true] && layers[2].dropped == [false, false])
    }
}
