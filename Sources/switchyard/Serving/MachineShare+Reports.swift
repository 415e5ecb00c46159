import Logging
import Telemetry
import Tensors

extension MachineShare {
    /// Says what was found, and what was made of it.
    ///
    /// - Parameters:
    ///   - threads: that compute.
    ///   - cacheBytes: the most that keys and values take.
    ///   - weightBytes: what weights take.
    func log(threads: Int, cacheBytes: Int, weightBytes: Int, to logger: Logger?) {
        var metadata: Logger.Metadata = ["threads": "\(threads)", "processors": "\(processors)"]
        metadata["quota"] = quota.map { "\($0)" }
        metadata["memory_bytes"] = memory.map { "\($0)" }
        metadata["cache_memory_bytes"] = "\(cacheBytes)"
        logger?.info("what this process may use of the machine", metadata: metadata)
        if let memory, weightBytes > memory {
            logger?.warning(
                "the weights are larger than the memory this process may use",
                metadata: ["weight_bytes": "\(weightBytes)", "memory_bytes": "\(memory)"]
            )
        }
    }

    /// Shows the threads that compute, and what the process may use, which is read at each scrape: limits change.
    static func register(in registry: MetricsRegistry, threads: Int) {
        registry.gauge("switchyard_threads", "Threads that compute.").set(Double(threads))
        registry.gauge(
            "switchyard_usable_processors",
            "Processors' worth of time this process may use, by affinity, cpuset and quota."
        ) { MachineShare.current().usableProcessors }
        registry.gauge(
            "switchyard_usable_memory_bytes",
            "Memory this process may use: the machine's, or less by a limit of its control groups."
        ) { MachineShare.current().memory.map(Double.init) ?? .nan }
    }
}
