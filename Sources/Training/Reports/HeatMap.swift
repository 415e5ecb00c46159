import Foundation

/// How a whole was shared out over time, as an SVG: a row for each part, a column for each time, dark for much.
package struct HeatMap {
    package var title: String
    /// The parts at each time.
    package var columns: [[Int]]

    /// Of the first column and the last.
    package var steps: ClosedRange<Int>

    package init(_ title: String, _ columns: [[Int]], steps: ClosedRange<Int>) {
        (self.title, self.columns, self.steps) = (title, columns, steps)
    }

    /// Columns that are drawn at most; more are added up in groups.
    private static let most = 160
    private static let width = 640.0
    private static let rowHeight = 16.0

    package var svg: String {
        let grouped = groups
        let rows = grouped.map(\.count).max() ?? 0
        let height = 72 + Double(rows) * Self.rowHeight
        let (below, middle) = (height - 24, SVG.number(32 + Double(rows) * Self.rowHeight / 2))
        var parts = [
            SVG.opening((720, height)), SVG.text(64, 20, title, "font-weight=\"bold\""),
            SVG.text(64, below, "\(steps.lowerBound)"),
            SVG.text(64 + Self.width, below, "\(steps.upperBound)", "text-anchor=\"end\""),
            SVG.text(64 + Self.width / 2, below, "step; dark is twice the even share", "text-anchor=\"middle\""),
            SVG.text(0, 0, "expert", "text-anchor=\"middle\" transform=\"translate(16 \(middle)) rotate(-90)\""),
        ]
        for row in 0..<rows {
            parts.append(SVG.text(56, 44 + Double(row) * Self.rowHeight, "\(row)", "text-anchor=\"end\""))
        }
        let cell = Self.width / Double(max(grouped.count, 1))
        for (column, shares) in grouped.enumerated() {
            let total = max(shares.reduce(0, +), 1)
            for (row, amount) in shares.enumerated() {
                // An even share is half dark, twice the even share all dark.
                let darkness = min(1, Double(amount * shares.count) / Double(total) / 2)
                let position =
                    "x=\"\(SVG.number(64 + Double(column) * cell))\" y=\"\(SVG.number(32 + Double(row) * Self.rowHeight))\""
                let size =
                    "width=\"\(SVG.number(cell + 0.3))\" height=\"\(SVG.number(Self.rowHeight - 1))\""
                parts.append(
                    "<rect \(position) \(size) fill=\"#0b6e99\" fill-opacity=\"\(String(format: "%.2f", darkness))\"/>"
                )
            }
        }
        return (parts + ["</svg>"]).joined(separator: "\n")
    }

    private var groups: [[Int]] {
        let group = max(1, (columns.count + Self.most - 1) / Self.most)
        return stride(from: 0, to: columns.count, by: group).map { start in
            columns[start..<min(start + group, columns.count)].reduce([]) { sum, column in
                sum.isEmpty ? column : zip(sum, column).map(+)
            }
        }
    }
}
