/// Sets of processors as the kernel writes them.
enum ProcessorList {
    /// The most processors Linux is built for.
    private static let most = 8192

    /// Reads a list such as `0-3,8`; nil for one that is empty, is none or names a processor there cannot be.
    static func numbers(_ text: String) -> Set<Int>? {
        var numbers: Set<Int> = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
                0 <= first, first <= last, last < most
            else { return nil }
            numbers.formUnion(first...last)
        }
        return numbers.isEmpty ? nil : numbers
    }
}
