import Ranks
import Tensors

/// One sparse layer of a model whose experts are spread.
struct SpreadLayer {
    let spread: ExpertSpread
    /// Among sparse layers, in the order they run.
    let layer: Int

    /// Whether this rank has an expert.
    func isHere(_ expert: Int) -> Bool { spread.owner(layer, expert) == spread.ranks.rank }

    /// Sends other ranks the rows of `input` that go to their experts.
    func dispatch(_ order: ExpertOrder, _ input: ProductInput) { spread.dispatch(layer, order, input) }

    /// The runs that are computed here.
    func ownSegments(_ order: ExpertOrder) -> [ExpertOrder.Segment] { spread.ownSegments(layer, order) }

    func progress() { spread.progress() }

    /// Waits for what became of the rows and hands it to `take`, by way of `outputs`, `[places, columns]`.
    func collect(into outputs: Matrix, columns: Int, _ take: (_ places: [Int32], _ outputs: Matrix) -> Void) {
        spread.collect(rowBytes: columns * MemoryLayout<Float>.size) { places, bytes in
            outputs.resize(rows: places.count, columns: columns)
            outputs.set(bytes: bytes)
            take(places, outputs)
        }
    }
}
