import Foundation
import SwitchModel

/// The pictures of a run and the page that shows them, made from its log.
package struct RunReport {
    private let steps: [Step]
    let validations: [Validation]
    private let troubles: [Trouble]

    private struct Step: Decodable {
        struct Layer: Decodable {
            var stack: String
            var block: Int
            var tokens: [Int]
        }

        var step: Int
        var loss: Double
        var rate: Double
        var norm: Double
        var layerNorms: [String: Double]?
        var layers: [Layer]

        enum CodingKeys: String, CodingKey {
            case step, loss, rate, norm, layers
            case layerNorms = "layer_norms"
        }
    }

    private struct Trouble: Decodable {
        var step: Int
        var ailment: String
        var finding: String
        var advice: String
    }

    private struct Validated: Decodable {
        var validation: Validation
    }

    /// Reads a log; lines that are none of its own are passed by.
    package init(log: String) {
        let decoder = JSONDecoder.ofRuns()
        let lines = log.split(separator: "\n").map { Data($0.utf8) }
        steps = lines.compactMap { try? decoder.decode(Step.self, from: $0) }
        validations = lines.compactMap { try? decoder.decode(Validated.self, from: $0).validation }
        troubles = lines.compactMap { try? decoder.decode(Trouble.self, from: $0) }
    }

    /// Every picture and its file's name.
    var pictures: [(name: String, svg: String)] {
        var pictures = [("loss.svg", loss.svg), ("rate.svg", rate.svg), ("norm.svg", norm.svg)]
        for stack in SwitchConfiguration.Stack.allCases {
            if let chart = norms(of: stack) { pictures.append(("norm-\(stack.rawValue).svg", chart.svg)) }
        }
        if validations.contains(where: { $0.bleu != nil }) { pictures.append(("bleu.svg", bleu.svg)) }
        for (index, layer) in (steps.first?.layers ?? []).enumerated() {
            let columns = steps.compactMap { index < $0.layers.count ? $0.layers[index].tokens : nil }
            let title = "tokens of each expert, \(layer.stack) block \(layer.block)"
            pictures.append(
                (
                    "experts-\(layer.stack)-\(layer.block).svg",
                    HeatMap(title, columns, steps: (steps.first?.step ?? 0)...(steps.last?.step ?? 0)).svg
                )
            )
        }
        return pictures
    }

    /// The pictures, the best validation and what the health monitor found.
    func page(title: String) -> ReportPage {
        var page = ReportPage(title: title, pictures: pictures)
        if let best = validations.min(by: { $0.loss < $1.loss }) {
            page.opening.append(
                String(format: "<p>Best validation loss %.4f nats a token, at step %d.</p>", best.loss, best.step)
            )
        }
        let found = troubles.map { trouble in
            let text = "step \(trouble.step): \(trouble.ailment): \(trouble.finding); \(trouble.advice)"
            return "<li>\(SVG.escaped(text))</li>"
        }
        if !found.isEmpty { page.closing.append("<h2>Troubles</h2><ul>\(found.joined(separator: "\n"))</ul>") }
        return page
    }

    /// Writes the page and its pictures into a directory that is there; files of the same names are replaced.
    ///
    /// - Throws: Foundation's errors where a file cannot be written.
    package func write(to directory: String, title: String) throws { try page(title: title).write(to: directory) }

    private var loss: LineChart {
        LineChart(
            "loss",
            .init(across: "step", upwards: "nats a token"),
            [
                .init("training", steps.map { (Double($0.step), $0.loss) }),
                .init("validation", validations.map { (Double($0.step), $0.loss) }),
            ]
        )
    }

    private var bleu: LineChart {
        LineChart(
            "BLEU on validation",
            .init(across: "step", upwards: "BLEU, 0 to 100"),
            [
                .init(
                    "BLEU",
                    validations.compactMap { validation in validation.bleu.map { (Double(validation.step), $0) } }
                )
            ]
        )
    }

    private var rate: LineChart {
        LineChart(
            "learning rate",
            .init(across: "step", upwards: "rate"),
            [.init("rate", steps.map { (Double($0.step), $0.rate) })]
        )
    }

    private var norm: LineChart {
        var chart = LineChart("gradient norm", Self.ofNorms, [.init("norm", steps.map { (Double($0.step), $0.norm) })])
        chart.scale = .logarithmic
        return chart
    }

    private static let ofNorms = LineChart.Names(across: "step", upwards: "norm before clipping")

    /// Blocks whose curves have a name in a picture; those of deeper ones are grey.
    private static let namedBlocks = 14

    /// A curve for each block; nil for a stack that the model does not have.
    private func norms(of stack: SwitchConfiguration.Stack) -> LineChart? {
        let start = stack.rawValue + ".block."
        let names = Set(steps.compactMap(\.layerNorms).flatMap(\.keys)).filter { $0.hasPrefix(start) }
        guard !names.isEmpty else { return nil }
        let blocks = names.compactMap { Int($0.dropFirst(start.count)) }.sorted()
        let curves = blocks.map { block in
            let points = steps.compactMap { step in
                step.layerNorms?[start + String(block)].map { (Double(step.step), $0) }
            }
            return LineChart.Series("block \(block)", points, block < Self.namedBlocks ? .line : .faint)
        }
        var chart = LineChart("gradient norms of the \(stack.rawValue)'s blocks", Self.ofNorms, curves)
        chart.scale = .logarithmic
        return chart
    }
}
