import Tensors

/// What was balanced in every linear layer, and what rounding costs it, as layers are loaded.
///
/// Of one thread, that which loads.
package final class RoundingSurvey {
    /// A linear layer; the experts of a block together.
    package struct Layer {
        /// As the checkpoint names it; `*` stands for every expert.
        package let name: String
        /// Inputs whose columns could be told apart from others.
        package fileprivate(set) var units = 0
        /// Of them, those that were moved into the layer before.
        package fileprivate(set) var moved = 0
        /// The farthest any was moved, as an exponent of two.
        package fileprivate(set) var reach = 0
        private var errors = (before: 0.0, after: 0.0)

        fileprivate init(name: String) { self.name = name }

        /// The share of a column that rounding loses, from 0 to 1, on average over columns: as stored, and balanced.
        package var loss: (unbalanced: Double, balanced: Double) {
            (errors.before / Double(max(units, 1)), errors.after / Double(max(units, 1)))
        }

        fileprivate mutating func add(before: [Float], after: [Float], factors: [Float]) {
            units += before.count
            errors.before += before.reduce(0) { $0 + Double($1) }
            errors.after += after.reduce(0) { $0 + Double($1) }
            moved += factors.count { $0 != 1 }
            reach = factors.reduce(reach) { max($0, abs(Int($1.exponent))) }
        }
    }

    /// In the order they were loaded.
    package private(set) var layers: [Layer] = []

    package init() {}

    /// Takes in a layer, unless rounding does not mix its columns or was done before.
    func add(_ source: LinearSource, _ scaling: LinearScaling, on workers: Workers) {
        guard let before = source.columnLosses(on: workers) else { return }
        let after = scaling.inputs.isEmpty ? before : source.columnLosses(scaled: scaling, on: workers) ?? before
        let name = Self.withoutExpert(source.name)
        let index = layers.lastIndex { $0.name == name } ?? layers.count
        if index == layers.count { layers.append(Layer(name: name)) }
        layers[index].add(before: before, after: after, factors: scaling.inputs)
    }

    private static func withoutExpert(_ name: String) -> String {
        name.split(separator: ".").map { $0.hasPrefix("expert_") ? "*" : $0 }.joined(separator: ".")
    }
}
