import Foundation
import Logging
import ServiceLifecycle

/// Loads the model on a thread of its own while the server already answers, then says that it is ready.
struct LoadingService: Service {
    /// Called once, on a thread of its own.
    let load: @Sendable () throws -> RunningModel
    let state: ServingState
    /// Called once, when requests are taken.
    let onReady: @Sendable () -> Void

    /// Returns at shutdown, though the model may still be loading: the process then ends without it.
    ///
    /// - Throws: why the model cannot be loaded, which ends the other services.
    func run() async throws {
        let (loaded, continuation) = AsyncThrowingStream.makeStream(of: RunningModel.self)
        let thread = Thread { [load] in
            do {
                continuation.yield(try load())
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        thread.name = "switchyard-load"
        thread.stackSize = 8 << 20
        thread.start()
        try await cancelWhenGracefulShutdown {
            for try await model in loaded {
                state.loaded(model)
                onReady()
            }
        }
        try? await gracefulShutdown()
    }
}
