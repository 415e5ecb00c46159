import Dispatch
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads files again at SIGHUP, one after the other; one that cannot be read leaves what was there before.
struct ReloadService: Service {
    private static let queue = DispatchQueue(label: "switchyard.reload")

    let reloads: [Reload]
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // Files are read off the cooperative pool.
            await withCheckedContinuation { continuation in
                Self.queue.async {
                    for reload in reloads { run(reload) }
                    continuation.resume()
                }
            }
        }
    }

    private func run(_ reload: Reload) {
        do {
            try reload.read(logger)
            logger.notice("read \(reload.name) again")
        } catch {
            logger.error("\(reload.name) stays as it was: \(error)")
        }
    }
}
