import Batching
import Dispatch
import Foundation
import HTTPServing
import Logging
import ServiceLifecycle

/// Runs the server until a signal, then drains it.
///
/// Readiness goes first; after the delay nothing new is taken, and what was accepted finishes, or is told when its time
/// is up. A second signal ends the process at once.
struct HTTPService: Service {
    let server: HTTPServer
    let state: ServingState
    /// From the loss of readiness until nothing new is taken.
    let delay: Duration
    /// What accepted requests have after the delay.
    let drain: Duration
    let logger: Logger

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            state.beginDraining()
            Self.endAtNextSignal()
            Task { await shutDown() }
        }
        state.model?.engine.stop()
    }

    private func shutDown() async {
        // Without a model there is nothing a load balancer could still send here.
        if let engine = state.model?.engine {
            logger.info("draining", metadata: ["delay": "\(delay)", "timeout": "\(drain)"])
            try? await Task.sleep(for: delay)
            engine.drain()
        }
        await server.shutDown(drain: drain) { state.model?.engine.stop() }
    }

    /// The sources must live for as long as the process does.
    private static func endAtNextSignal() {
        for signal in [SIGTERM, SIGINT] {
            let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
            source.setEventHandler { [source] in
                _ = source
                _exit(EXIT_FAILURE)
            }
            source.resume()
        }
    }
}
