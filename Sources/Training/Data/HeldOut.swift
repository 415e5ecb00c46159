/// Cuts examples into those that are learnt from and those that are only judged by.
package struct HeldOut: Equatable, Sendable {
    /// Elements that are only judged by: all, where there are no more.
    package var count: Int
    /// Decides which ones.
    package var seed: UInt64

    package init(count: Int, seed: UInt64) { (self.count, self.seed) = (count, seed) }

    /// The same cut for the same elements and seed; both parts keep their order.
    package func split<Element>(_ elements: [Element]) -> (training: [Element], held: [Element]) {
        var order = Array(elements.indices)
        var noise = Noise(seed: seed, 0x4E1D)
        order.shuffle(using: &noise)
        let held = Set(order.prefix(max(0, count)))
        var parts: (training: [Element], held: [Element]) = ([], [])
        for (index, element) in elements.enumerated() {
            if held.contains(index) { parts.held.append(element) } else { parts.training.append(element) }
        }
        return parts
    }
}
