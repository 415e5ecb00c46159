/// The two formats Prometheus reads: its text format 0.0.4, and OpenMetrics 1.0.
package enum ExpositionFormat: Equatable, Sendable, CaseIterable {
    case prometheusText
    case openMetrics

    /// The best format for an `Accept` header; `.prometheusText` when nothing fits.
    package init(accept: String?) {
        var best = (format: Self.prometheusText, quality: 0.0)
        for entry in (accept ?? "").lowercased().split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let type = parts.first, let format = Self.format(type, Array(parts.dropFirst())) else { continue }
            let quality = parts.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if quality > best.quality { best = (format, quality) }
        }
        self = best.format
    }

    private static func format(_ type: String, _ parameters: [String]) -> Self? {
        let version = parameters.first { $0.hasPrefix("version=") }?.dropFirst("version=".count)
        switch type {
        case "application/openmetrics-text": return version == nil || version == "1.0.0" ? .openMetrics : nil
        case "text/plain": return version == nil || version == "0.0.4" ? .prometheusText : nil
        case "text/*", "*/*": return .prometheusText
        default: return nil
        }
    }

    package var contentType: String {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// Writes families one after the other, lines of a family together.
    package func write(_ families: [MetricFamily]) -> [UInt8] {
        var text = ""
        for family in families { write(family, to: &text) }
        if self == .openMetrics { text += "# EOF\n" }
        return Array(text.utf8)
    }

    private func write(_ family: MetricFamily, to text: inout String) {
        // The old format names a counter in full, the new one without its suffix.
        let header = family.kind == .counter && self == .prometheusText ? family.name + "_total" : family.name
        if self == .openMetrics {
            text += "# TYPE \(header) \(family.kind.rawValue)\n"
            if let unit = family.unit { text += "# UNIT \(header) \(unit)\n" }
            text += "# HELP \(header) \(Self.escaped(family.help, quotes: true))\n"
        } else {
            text += "# HELP \(header) \(Self.escaped(family.help, quotes: false))\n"
            text += "# TYPE \(header) \(family.kind.rawValue)\n"
        }
        let name = family.kind == .counter ? family.name + "_total" : family.name
        for (labels, instrument) in family.series {
            switch instrument {
            case .counter(let counter): write(name, labels, "\(counter.value)", to: &text)
            case .gauge(let gauge): write(name, labels, Self.number(gauge.value), to: &text)
            case .read(let read): write(name, labels, Self.number(read()), to: &text)
            case .histogram(let histogram): write(name, labels, histogram, to: &text)
            }
        }
    }

    private func write(_ name: String, _ labels: [MetricLabel], _ histogram: Histogram, to text: inout String) {
        let snapshot = histogram.snapshot
        let bounds = histogram.buckets.map { canonical($0) } + ["+Inf"]
        for (bound, count) in zip(bounds, snapshot.cumulativeCounts) {
            write(name + "_bucket", labels + [MetricLabel("le", bound)], "\(count)", to: &text)
        }
        write(name + "_sum", labels, Self.number(snapshot.sum), to: &text)
        write(name + "_count", labels, "\(snapshot.cumulativeCounts.last ?? 0)", to: &text)
    }

    private func write(_ name: String, _ labels: [MetricLabel], _ value: String, to text: inout String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    /// OpenMetrics wants a bound to look like a float; the text format leaves whole numbers bare.
    private func canonical(_ bound: Double) -> String {
        guard self == .openMetrics else { return Self.number(bound) }
        let parts = "\(bound)".split(separator: ".")
        // From a million on, the canonical form has an exponent: 1e+06.
        guard abs(bound) >= 1e6, parts.count == 2, !parts[1].contains("e") else { return "\(bound)" }
        let sign = bound < 0 ? "-" : ""
        let whole = parts[0].drop { $0 == "-" }
        var digits = whole + parts[1]
        while digits.last == "0" { digits.removeLast() }
        let exponent = whole.count - 1
        let fraction = digits.count > 1 ? ".\(digits.dropFirst())" : ""
        return "\(sign)\(digits.prefix(1))\(fraction)e+\(exponent < 10 ? "0" : "")\(exponent)"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
