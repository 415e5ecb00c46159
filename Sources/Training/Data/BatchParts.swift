/// A batch cut into a part for each worker of each rank, and what each draws its random numbers from.
///
/// The same at every rank: so nothing is sent for it.
struct BatchParts {
    /// Some may be empty.
    let examples: [ArraySlice<Example>]
    /// Of the batch's tokens, those of each part, from 0 to 1.
    let shares: [Double]
    let noise: [Noise]

    init(_ batch: [Example], count: Int, _ noise: Noise) {
        examples = batch.parts(count)
        let total = Double(max(batch.tokens, 1))
        shares = examples.map { Double($0.reduce(0) { $0 + $1.tokens }) / total }
        var streams = noise
        self.noise = examples.map { _ in Noise(seed: streams.next()) }
    }
}
