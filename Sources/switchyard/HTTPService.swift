import Batching
import HTTPServing
import ServiceLifecycle

/// Runs the server until a signal, then drains: readiness off, accepted requests finish, the engine stops.
struct HTTPService: Service {
    let server: HTTPServer
    let engine: InferenceEngine
    let readiness: ReadinessSwitch
    let drain: Duration

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            readiness.beginDraining()
            engine.drain()
            Task { await server.shutDown(drain: drain) }
        }
        engine.stop()
    }
}
