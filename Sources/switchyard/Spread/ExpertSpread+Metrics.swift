import Ranks
import SwitchModel
import Telemetry

extension ExpertSpread {
    /// Shows what passes between the ranks; of a process that has all experts, nothing.
    static func register(_ spread: ExpertSpread?, in registry: MetricsRegistry) {
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable (SpreadCounts) -> Double) {
            registry.counter("switchyard_\(name)", help) { spread.map { value($0.counts) } ?? 0 }
        }
        let ranks = spread?.ranks.count ?? 1
        registry.gauge("switchyard_ranks", "Processes that experts are spread over.").set(Double(ranks))
        counter("exchanges", "Sparse layers that other ranks were asked in.") { Double($0.exchanges) }
        counter("exchange_seconds", "From the first row sent to the last that returned.") { $0.exchangeSeconds }
        counter("exchange_wait_seconds", "Of those, when nothing was left to do here.") { $0.waitSeconds }
        counter("exchange_sent_bytes", "Bytes of rows sent to other ranks.") { Double($0.sentBytes) }
        counter("remote_rows", "Rows that experts of other ranks computed.") { Double($0.remoteRows) }
        counter("served_rows", "Rows that experts of this rank computed for other ranks.") { Double($0.servedRows) }
        counter("slots", "Meetings of the ranks, one for each sparse layer of the rank that has most to run.") {
            Double($0.slots)
        }
        counter("local_rows", "Rows that experts of this rank computed.") { Double($0.localRows) }
    }
}
