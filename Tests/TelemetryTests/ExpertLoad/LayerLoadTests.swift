import Testing

@testable import Telemetry

struct LayerLoadTests {
    static func load(_ tokens: [Int]) -> LayerLoad {
        var load = LayerLoad(experts: tokens.count)
        load.tokens = tokens
        return load
    }

    @Test(
        arguments: [([4, 4], 1, 0), ([8, 0], 2, 1), ([6, 2], 1.5, 0.5), ([0, 0, 9, 3], 3, 1.5.squareRoot())]
            as [([Int], Double, Double)]
    )
    func spreadIsMeasuredAgainstTheMean(tokens: [Int], imbalance: Double, variation: Double) throws {
        let load = Self.load(tokens)
        #expect(load.imbalance == imbalance)
        #expect(try abs(#require(load.coefficientOfVariation) - variation) < 1e-12)
    }

    @Test(arguments: [[], [0, 0]] as [[Int]])
    func withoutTokensThereIsNoSpread(_ tokens: [Int]) {
        #expect(Self.load(tokens).imbalance == nil)
        #expect(Self.load(tokens).coefficientOfVariation == nil)
    }

    @Test func addingSumsEveryPart() {
        var sum = LayerLoad(tokens: [1, 2], dropped: [3, 4], gateSums: [5, 6], entropySum: 7, topProbabilitySum: 8)
        sum.add(sum)
        #expect(
            sum
                == LayerLoad(
                    tokens: [2, 4],
                    dropped: [6, 8],
                    gateSums: [10, 12],
                    entropySum: 14,
                    topProbabilitySum: 16
                )
        )
    }
}
