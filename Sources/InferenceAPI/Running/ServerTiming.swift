import HTTPServing
import HTTPTypes
import Telemetry

/// The header field `Server-Timing`: how long each part of a request took, in milliseconds.
///
/// It is written when the head of the response is; the head of a stream leaves before the queue, so it knows
/// tokenization alone.
enum ServerTiming {
    /// Adds the field to the response of a request whose parts are known.
    static func add(_ trace: RequestTrace, to response: inout ServerResponse) {
        let spans = trace.spans
        guard !spans.isEmpty else { return }
        var entries = spans.map { entry($0.name, $0.duration) }
        if case .bytes = response.body { entries.append(entry("total", ContinuousClock.now - trace.start)) }
        response.fields[.serverTiming] = entries.joined(separator: ", ")
    }

    private static func entry(_ name: String, _ duration: Duration) -> String {
        "\(name);dur=\(((duration / .microseconds(1)).rounded()) / 1000)"
    }
}

extension HTTPField.Name {
    static let serverTiming = Self("Server-Timing")!
}
