/// How many layers of encoding run between two steps of requests that are decoding.
///
/// A few tokens cost almost as much as many, for the weights must be read all the same; so what counts is measured time:
/// a slice takes about half as long as a step, so that a joining prompt does not make streams stutter.
struct EncodingPace: Equatable {
    /// Of a step's time that a slice may take.
    private static let share = 0.5

    /// Of the last step; nil before the first.
    private(set) var stepSeconds: Double?
    /// Of one layer of the batch that is being encoded, and its rows; nil before its first slice.
    private(set) var layerSeconds: Double?
    private var layerRows = 0

    mutating func stepped(seconds: Double) { stepSeconds = seconds }

    mutating func began() { layerSeconds = nil }

    mutating func encoded(layers: Int, rows: Int, seconds: Double) {
        guard layers > 0 else { return }
        (layerSeconds, layerRows) = (seconds / Double(layers), rows)
    }

    /// Layers of the next slice, at least 1; no more where they have other rows than those measured, as the decoder's have
    /// after the encoder's.
    ///
    /// - Parameters:
    ///   - rows: of a layer.
    ///   - most: rows times layers that one slice may compute.
    func layers(rows: Int, most: Int) -> Int {
        let bound = max(1, most / max(rows, 1))
        guard let stepSeconds, let layerSeconds, layerSeconds > 0, rows == layerRows else { return 1 }
        return max(1, min(bound, Int(min(stepSeconds * Self.share / layerSeconds, 1e6))))
    }
}
