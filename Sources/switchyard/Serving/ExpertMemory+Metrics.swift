import SwitchModel
import Telemetry

extension ExpertMemory {
    /// Shows what happened to experts that do not all fit.
    func register(in registry: MetricsRegistry) {
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable (Counts) -> Double) {
            registry.counter("switchyard_expert_memory_\(name)", help) { value(self.counts) }
        }
        counter("hits", "Experts that a pass found in memory.") { Double($0.hits) }
        counter("misses", "Experts that a pass had to bring in.") { Double($0.misses) }
        counter("read_bytes", "Bytes of experts read from files.") { Double($0.bytesRead) }
        counter("load_seconds", "Time passes waited for experts.") { $0.loadSeconds }
        registry.gauge("switchyard_expert_memory_resident_bytes", "Bytes of experts in memory.") {
            Double(self.counts.residentBytes)
        }
    }
}
