import Tensors

/// What reached the experts of every sparse layer while texts were read: what their weights are rounded for.
///
/// Owned by the thread that owns the model.
package final class ExpertInputs {
    /// A sparse layer.
    private struct Place: Hashable {
        var stack: Stack
        var block: Int
    }

    private let width: Int
    private let byteLimit: Int
    private var layers: [Place: LayerInputs] = [:]
    private var bytes = 0

    /// - Parameters:
    ///   - width: elements of a row, the model's.
    ///   - byteLimit: of rows that are kept; no more are taken in once they are more.
    package init(width: Int, byteLimit: Int) {
        self.width = width
        self.byteLimit = byteLimit
    }

    /// Whether no more rows are taken in.
    package var isFull: Bool { bytes >= byteLimit }

    /// Rows of all layers together.
    package var rows: Int { bytes / (width * MemoryLayout<Float>.size) }

    /// Takes in the rows of a pass that a plan does not drop; `normed` is `[plan.rows, model]`.
    func add(_ plan: RoutingPlan, _ normed: Matrix) {
        guard !isFull else { return }
        let place = Place(stack: plan.stack, block: plan.block)
        let added = layers[place, default: LayerInputs(experts: plan.expertCount)].add(plan, normed)
        bytes += added * width * MemoryLayout<Float>.size
    }

    /// What reached one layer; nil where nothing did.
    func layer(_ stack: Stack, block: Int) -> LayerInputs? { layers[Place(stack: stack, block: block)] }
}

/// The rows that reached a sparse layer, and which of them each expert was sent.
struct LayerInputs {
    private var rows: [[Float]] = []
    private var rowsOfExpert: [[Int]]

    /// Rows of the whole layer that stand for all of them.
    private static let sampled = 256

    init(experts: Int) { rowsOfExpert = Array(repeating: [], count: experts) }

    /// Returns how many rows are new.
    fileprivate mutating func add(_ plan: RoutingPlan, _ normed: Matrix) -> Int {
        let before = rows.count
        for row in 0..<normed.rows {
            let places = row * plan.choices..<(row + 1) * plan.choices
            let taken = places.filter { !plan.isDropped[$0] }
            guard !taken.isEmpty else { continue }
            for place in taken { rowsOfExpert[Int(plan.experts[place])].append(rows.count) }
            rows.append(normed.withRow(row) { row in row.indices.map { row[$0] } })
        }
        return rows.count - before
    }

    /// What an expert was sent, `[rows, model]`; nil for nothing.
    func own(_ expert: Int) -> Matrix? {
        rowsOfExpert[expert].isEmpty ? nil : matrix(of: rowsOfExpert[expert])
    }

    /// Some rows of the whole layer, evenly apart, `[rows, model]`.
    var sample: Matrix {
        let count = min(rows.count, Self.sampled)
        return matrix(of: (0..<count).map { $0 * rows.count / count })
    }

    private func matrix(of indices: [Int]) -> Matrix {
        let columns = rows.first?.count ?? 0
        return Matrix(rows: indices.count, columns: columns, elements: indices.flatMap { rows[$0] })
    }
}
