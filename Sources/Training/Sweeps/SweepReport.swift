import Foundation

/// What a sweep has found so far: a table, pictures and the page with both.
package struct SweepReport {
    /// Best first; those without a validation last.
    private let results: [SweepResult]
    private let axes: [SweepAxis]
    /// Validations of a trial while it ran.
    private let curves: [Int: [Validation]]

    /// Trials whose curves have a colour and a name.
    private static let named = 8

    /// - Parameters:
    ///   - results: those of trials that are over, in any order.
    ///   - logs: the logs of trials by their numbers.
    package init(_ results: [SweepResult], _ axes: [SweepAxis], logs: [Int: String]) {
        self.axes = axes
        self.results = results.sorted { first, second in
            guard let best = first.best else { return false }
            return second.best.map(best.isBetter) ?? true
        }
        curves = logs.mapValues { RunReport(log: $0).validations }
    }

    /// Names of columns, and a row for each trial that is over.
    private var rows: [[String]] {
        let head = ["trial"] + axes.map(\.name) + ["steps", "minutes", "loss", "BLEU", "best at", "ending"]
        return [head] + results.map(row)
    }

    private func row(_ result: SweepResult) -> [String] {
        let settings = result.trial.settings.map(\.value)
        let work = [String(result.steps), String(format: "%.1f", result.seconds / 60)]
        let loss = result.best.map { String(format: "%.4f", $0.loss) } ?? ""
        let bleu = result.best?.bleu.map { String(format: "%.2f", $0) } ?? ""
        let best = result.best.map { String($0.step) } ?? ""
        return [String(result.trial.number)] + settings + work + [loss, bleu, best, result.ending]
    }

    /// Columns of even width.
    package var text: String {
        let rows = rows
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
        .joined(separator: "\n")
    }

    /// Writes the page, its pictures and `results.tsv` into a directory that is there; files of the same names are
    /// replaced.
    ///
    /// - Throws: Foundation's errors where a file cannot be written.
    package func write(to directory: String, title: String) throws {
        let table = rows.map { $0.joined(separator: "\t") + "\n" }.joined()
        try Data(table.utf8).write(to: URL(fileURLWithPath: directory + "/results.tsv"), options: .atomic)
        try page(title: title).write(to: directory)
    }

    func page(title: String) -> ReportPage {
        var page = ReportPage(title: title)
        let cells = rows.enumerated().map { index, row in
            let tag = index == 0 ? "th" : "td"
            return "<tr>" + row.map { "<\(tag)>\(SVG.escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        page.opening = ["<table>\(cells.joined(separator: "\n"))</table>"]
        page.pictures = [("loss.svg", curve("validation loss", "nats a token", \.loss).svg)]
        if curves.values.joined().contains(where: { $0.bleu != nil }) {
            page.pictures.append(("bleu.svg", curve("BLEU on validation", "BLEU, 0 to 100", \.bleu).svg))
        }
        page.pictures += axes.indices.map { ("by-\(axes[$0].name).svg", comparison($0).svg) }
        return page
    }

    /// A curve for each trial, those of the best in colour.
    private func curve(_ title: String, _ unit: String, _ value: (Validation) -> Double?) -> LineChart {
        let drawn = results.enumerated().map { place, result in
            let points = (curves[result.trial.number] ?? []).compactMap { validation in
                value(validation).map { (Double(validation.step), $0) }
            }
            return LineChart.Series(
                "\(result.trial.number): \(result.trial.description)",
                points,
                place < Self.named ? .line : .faint
            )
        }
        let series = drawn.filter { $0.style == .faint } + drawn.filter { $0.style == .line }
        return LineChart(title, .init(across: "step", upwards: unit), series)
    }

    /// Values that on a linear axis would be one heap at its start.
    private static func spansDecades(_ values: [Double]) -> Bool {
        guard let least = values.min(), let most = values.max() else { return false }
        return least > 0 && most >= 20 * least
    }

    /// What the best validation of each trial was by one setting: by its value, or by its place among words.
    private func comparison(_ axis: Int) -> LineChart {
        let values = results.map { $0.trial.settings[axis].value }
        let words = values.allSatisfy { Double($0) != nil } ? [] : Set(values).sorted()
        let usesBleu = results.contains { $0.best?.bleu != nil }
        let points = zip(values, results).compactMap { value, result -> (Double, Double)? in
            guard let best = result.best, let height = usesBleu ? best.bleu : best.loss else { return nil }
            return (Double(value) ?? Double(words.firstIndex(of: value) ?? 0), height)
        }
        let legend = words.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
        let title = "best \(usesBleu ? "BLEU" : "validation loss") by \(axes[axis].name)"
        var chart = LineChart(
            title + (legend.isEmpty ? "" : " (\(legend))"),
            .init(across: axes[axis].name, upwards: usesBleu ? "BLEU, 0 to 100" : "nats a token"),
            [.init("", points, .dots)]
        )
        if words.isEmpty, Self.spansDecades(points.map(\.0)) { chart.horizontal = .logarithmic }
        return chart
    }
}
