import Foundation

/// Curves, or dots, as an SVG that needs nothing else.
package struct LineChart {
    /// One curve; points that are no numbers are left out.
    package struct Series {
        /// How points are drawn.
        package enum Style: Sendable {
            case line
            /// Grey and without a name.
            case faint
            case dots
        }

        package var name: String
        /// In the order a line joins them; none is infinite or a NaN.
        package var points: [(x: Double, y: Double)]
        package var style = Style.line

        /// Leaves out points with a NaN or an infinity.
        package init(_ name: String, _ points: [(x: Double, y: Double)], _ style: Style = .line) {
            (self.name, self.style) = (name, style)
            self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
        }
    }

    /// What the axes are of.
    package struct Names: Sendable {
        /// From left to right.
        package var across = ""
        /// From bottom to top.
        package var upwards = ""

        package init(across: String = "", upwards: String = "") { (self.across, self.upwards) = (across, upwards) }
    }

    /// How values are spread along an axis.
    package enum Scale: Sendable {
        case linear
        /// Of values above 0.
        case logarithmic
    }

    package var title: String
    /// What the axes are of, with their units; empty for none.
    package var names = Names()
    package var series: [Series]
    /// Upwards, and across.
    package var scale = Scale.linear
    package var horizontal = Scale.linear

    package init(_ title: String, _ names: Names = Names(), _ series: [Series]) {
        (self.title, self.names, self.series) = (title, names, series)
    }

    private static let size = (width: 760.0, height: 340.0)
    // Room around it for ticks, the names of axes, and half of the last tick.
    private static let frame = (left: 84.0, top: 34.0, right: 720.0, bottom: 280.0)
    /// How far from the frame's edges the outermost values lie, so that no dot is cut.
    private static let margin = 8.0
    private static let colours = [
        "#0b6e99", "#c8553d", "#4f772d", "#7b4fa3", "#b8860b", "#444444", "#1b998b", "#d81159",
    ]

    package var svg: String {
        let shown = series.map { Series($0.name, $0.points.filter(isOnScale), $0.style) }.filter { !$0.points.isEmpty }
        let points = shown.flatMap(\.points)
        var parts = [SVG.opening(Self.size), SVG.text(Self.frame.left, 20, title, "font-weight=\"bold\"")]
        let (frame, margin) = (Self.frame, Self.margin)
        guard let xs = Axis(points.map(\.x), horizontal, from: frame.left + margin, to: frame.right - margin),
            let ys = Axis(points.map(\.y), scale, from: frame.bottom - margin, to: frame.top + margin)
        else { return (parts + [SVG.text(Self.frame.left, 60, "no values yet"), "</svg>"]).joined(separator: "\n") }
        parts += Self.grid(xs, ys) + axisNames
        var named = 0
        for curve in shown {
            let colour = curve.style == .faint ? "#bbbbbb" : Self.colours[named % Self.colours.count]
            parts += Self.drawing(of: curve.points.map { (xs.place($0.x), ys.place($0.y)) }, curve.style, colour)
            guard curve.style != .faint else { continue }
            let label = "fill=\"\(colour)\" text-anchor=\"end\""
            parts.append(SVG.text(Self.frame.right - 4, Self.frame.top + 16 + 15 * Double(named), curve.name, label))
            named += 1
        }
        return (parts + ["</svg>"]).joined(separator: "\n")
    }

    private var axisNames: [String] {
        let (frame, size) = (Self.frame, Self.size)
        let middle = SVG.number((frame.top + frame.bottom) / 2)
        return [
            SVG.text((frame.left + frame.right) / 2, size.height - 12, names.across, "text-anchor=\"middle\""),
            SVG.text(0, 0, names.upwards, "text-anchor=\"middle\" transform=\"translate(16 \(middle)) rotate(-90)\""),
        ]
    }

    private func isOnScale(_ point: (x: Double, y: Double)) -> Bool {
        (scale == .linear || point.y > 0) && (horizontal == .linear || point.x > 0)
    }

    private static func drawing(
        of points: [(x: Double, y: Double)],
        _ style: Series.Style,
        _ colour: String
    )
        -> [String]
    {
        // One point is no line.
        if style == .dots || points.count == 1 {
            return points.map { point in
                "<circle cx=\"\(SVG.number(point.x))\" cy=\"\(SVG.number(point.y))\" r=\"3.5\" fill=\"\(colour)\"/>"
            }
        }
        let path = points.map { SVG.number($0.x) + "," + SVG.number($0.y) }.joined(separator: " ")
        return ["<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" points=\"\(path)\"/>"]
    }

    private static func grid(_ xs: Axis, _ ys: Axis) -> [String] {
        var parts: [String] = []
        for (value, place) in ys.ticks {
            let level = SVG.number(place)
            parts.append(
                "<line x1=\"\(frame.left)\" x2=\"\(frame.right)\" y1=\"\(level)\" y2=\"\(level)\" stroke=\"#ddd\"/>"
            )
            parts.append(SVG.text(frame.left - 6, place + 4, value, "text-anchor=\"end\""))
        }
        return parts + xs.ticks.map { SVG.text($1, frame.bottom + 18, $0, "text-anchor=\"middle\"") }
    }

    /// Where values of one direction lie.
    private struct Axis {
        let scale: Scale
        /// Of values, or of their logarithms.
        let span: ClosedRange<Double>
        let (start, end): (Double, Double)

        /// From the least value to the largest, widened where they are one; nil without any.
        init?(_ values: [Double], _ scale: Scale, from start: Double, to end: Double) {
            let values = values.map { scale == .logarithmic ? log10($0) : $0 }
            guard let least = values.min(), let most = values.max() else { return nil }
            span = least < most ? least...most : least - 0.5...most + 0.5
            (self.scale, self.start, self.end) = (scale, start, end)
        }

        func place(_ value: Double) -> Double {
            let value = scale == .logarithmic ? log10(value) : value
            return start + (value - span.lowerBound) / (span.upperBound - span.lowerBound) * (end - start)
        }

        /// Round numbers within the span.
        var ticks: [(text: String, place: Double)] {
            let values = scale == .logarithmic ? powers : multiples(of: roundStep)
            return values.map { (String(format: abs($0) < 1e6 ? "%.6g" : "%.2e", $0), place($0)) }
        }

        /// 1, 2, 2.5 or 5 times a power of ten, so that there are some five ticks.
        private var roundStep: Double {
            let least = (span.upperBound - span.lowerBound) / 5
            let power = pow(10, floor(log10(least)))
            return power * ([1, 2, 2.5, 5].first { $0 * power >= least } ?? 10)
        }

        private func multiples(of step: Double) -> [Double] {
            stride(from: ceil(span.lowerBound / step), through: floor(span.upperBound / step), by: 1).map { $0 * step }
        }

        /// 1, 2 and 5 times the powers of ten.
        private var powers: [Double] {
            (Int(floor(span.lowerBound))...Int(ceil(span.upperBound))).flatMap { power in
                [1, 2, 5].map { $0 * pow(10, Double(power)) }
            }
            .filter { span.contains(log10($0)) }
        }
    }
}
