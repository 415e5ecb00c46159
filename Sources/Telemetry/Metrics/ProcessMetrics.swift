import Foundation
import Glibc

/// What the system knows of this process, under the names every Prometheus client uses.
///
/// Read at each scrape.
package enum ProcessMetrics {
    /// Adds start time, processor time, resident memory and open descriptors; the start time is that of this call.
    package static func register(in registry: MetricsRegistry) {
        let started = Date().timeIntervalSince1970
        registry.gauge("process_start_time_seconds", "Start time of the process since the Unix epoch.") { started }
        registry.counter("process_cpu_seconds", "Processor time spent.") {
            var usage = rusage()
            getrusage(RUSAGE_SELF.rawValue, &usage)
            return seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        registry.gauge("process_resident_memory_bytes", "Resident memory.") { residentBytes }
        registry.gauge("process_open_fds", "Open file descriptors.") {
            Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
        }
        registry.gauge("process_max_fds", "Most file descriptors that may be open.") {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            return Double(limit.rlim_cur)
        }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    private static var residentBytes: Double {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
