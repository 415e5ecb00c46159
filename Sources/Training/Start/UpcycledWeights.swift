import Checkpoints
import SwitchModel

/// A dense model's tensors as those of a sparse one that computes nearly the same.
struct UpcycledWeights: WeightSource {
    private let dense: any WeightSource
    private let upcycling: Upcycling
    private let denseName: String
    private let width: Int
    let names: Set<String>

    /// - Parameters:
    ///   - model: of the dense one.
    ///   - sparse: what `upcycling` made of it.
    init(_ dense: any WeightSource, _ model: SwitchConfiguration, _ upcycling: Upcycling, _ sparse: SwitchConfiguration)
    {
        (self.dense, self.upcycling) = (dense, upcycling)
        (denseName, width) = (model.denseFeedForward, model.modelWidth)
        var names = Set(dense.names.map { Self.renamed($0, model.denseFeedForward, "mlp") })
        for stack in SwitchConfiguration.Stack.allCases {
            for block in sparse.sparseBlocks(in: stack) {
                let start = "\(stack.rawValue).block.\(block).layer."
                for name in names where name.hasPrefix(start) && name.contains(".mlp.") {
                    names.remove(name)
                    let sublayer = name.split(separator: ".").prefix(5).joined(separator: ".")
                    names.insert(sublayer + ".mlp.router.classifier.weight")
                    for expert in 0..<upcycling.experts {
                        names.insert(name.replacing(".mlp.", with: ".mlp.experts.expert_\(expert)."))
                    }
                }
            }
        }
        self.names = names
    }

    func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        if name.hasSuffix(".mlp.router.classifier.weight") { return router(name) }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isExpert = parts.count > 7 && parts[6] == "experts"
        let own = isExpert ? (parts[..<6] + parts[8...]).joined(separator: ".") : name
        let tensor = try dense.tensor(named: Self.renamed(own, "mlp", denseName))
        guard isExpert, parts[8] == "wo", upcycling.outputFactor != 1 else { return tensor }
        return StoredTensor(
            name: name,
            shape: tensor.shape,
            elements: tensor.floats().map { $0 * upcycling.outputFactor }
        )
    }

    /// The same for the same seed and name, at every rank.
    private func router(_ name: String) -> StoredTensor {
        let deviation = Upcycling.routerDeviation / Float(width).squareRoot()
        let number = name.utf8.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) }
        var noise = Noise(seed: upcycling.seed, 0x0C1E, number)
        let elements = (0..<upcycling.experts * width).map { _ in deviation * ParameterLayout.normal(&noise) }
        return StoredTensor(name: name, shape: [upcycling.experts, width], elements: elements)
    }

    private static func renamed(_ name: String, _ old: String, _ new: String) -> String {
        name.replacing(".\(old).", with: ".\(new).")
    }
}
