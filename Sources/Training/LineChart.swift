import Foundation

/// Curves over steps as an SVG that needs nothing else.
package struct LineChart {
    /// One curve; points that are no numbers are left out.
    package struct Series {
        package var name: String
        package var points: [(x: Double, y: Double)]

        package init(_ name: String, _ points: [(x: Double, y: Double)]) {
            self.name = name
            self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
        }
    }

    package enum Scale: Sendable {
        case linear
        /// Of values above 0.
        case logarithmic
    }

    package var title: String
    package var series: [Series]
    package var scale = Scale.linear

    package init(_ title: String, _ series: [Series], _ scale: Scale = .linear) {
        (self.title, self.series, self.scale) = (title, series, scale)
    }

    private static let size = (width: 720.0, height: 320.0)
    private static let frame = (left: 64.0, top: 34.0, right: 704.0, bottom: 284.0)
    private static let colours = [
        "#0b6e99", "#c8553d", "#4f772d", "#7b4fa3", "#b8860b", "#444444", "#1b998b", "#d81159",
    ]

    package var svg: String {
        let shown = series.map { Series($0.name, scale == .logarithmic ? $0.points.filter { $0.y > 0 } : $0.points) }
        let points = shown.flatMap(\.points)
        var parts = [Self.opening(Self.size), Self.text(Self.frame.left, 20, title, "font-weight=\"bold\"")]
        guard let xs = Self.span(points.map(\.x)), let ys = Self.span(points.map { height($0.y) }) else {
            return (parts + [Self.text(Self.frame.left, 60, "no values yet"), "</svg>"]).joined(separator: "\n")
        }
        parts += axes(xs, ys)
        for (index, curve) in shown.enumerated() where !curve.points.isEmpty {
            let colour = Self.colours[index % Self.colours.count]
            let path = curve.points.map { point in
                Self.number(x(point.x, xs)) + "," + Self.number(y(height(point.y), ys))
            }
            parts.append(
                "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" points=\"\(path.joined(separator: " "))\"/>"
            )
            let label = "fill=\"\(colour)\" text-anchor=\"end\""
            parts.append(Self.text(Self.frame.right - 4, Self.frame.top + 16 + 15 * Double(index), curve.name, label))
        }
        return (parts + ["</svg>"]).joined(separator: "\n")
    }

    private func height(_ value: Double) -> Double { scale == .logarithmic ? log10(value) : value }

    private func x(_ value: Double, _ span: ClosedRange<Double>) -> Double {
        let share = (value - span.lowerBound) / (span.upperBound - span.lowerBound)
        return Self.frame.left + share * (Self.frame.right - Self.frame.left)
    }

    private func y(_ value: Double, _ span: ClosedRange<Double>) -> Double {
        let share = (value - span.lowerBound) / (span.upperBound - span.lowerBound)
        return Self.frame.bottom - share * (Self.frame.bottom - Self.frame.top)
    }

    private func axes(_ xs: ClosedRange<Double>, _ ys: ClosedRange<Double>) -> [String] {
        var parts: [String] = []
        for tick in 0...4 {
            let share = Double(tick) / 4
            let (across, up) = (
                xs.lowerBound + share * (xs.upperBound - xs.lowerBound),
                ys.lowerBound + share * (ys.upperBound - ys.lowerBound)
            )
            let level = Self.number(y(up, ys))
            parts.append(
                "<line x1=\"\(Self.frame.left)\" x2=\"\(Self.frame.right)\" y1=\"\(level)\" y2=\"\(level)\" stroke=\"#ddd\"/>"
            )
            let value = String(format: "%.3g", scale == .logarithmic ? pow(10, up) : up)
            parts.append(Self.text(Self.frame.left - 6, y(up, ys) + 4, value, "text-anchor=\"end\""))
            let label = String(format: "%.0f", across)
            parts.append(Self.text(x(across, xs), Self.frame.bottom + 18, label, "text-anchor=\"middle\""))
        }
        return parts
    }

    static func opening(_ size: (width: Double, height: Double)) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(size.width)) \(number(size.height))\" "
            + "width=\"\(number(size.width))\" font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    }

    static func text(_ x: Double, _ y: Double, _ text: String, _ attributes: String = "") -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" \(attributes)>\(escaped(text))</text>"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    /// From the least to the largest, widened where they are one; nil without any.
    private static func span(_ values: [Double]) -> ClosedRange<Double>? {
        guard let least = values.min(), let most = values.max() else { return nil }
        return least < most ? least...most : least - 0.5...most + 0.5
    }
}
