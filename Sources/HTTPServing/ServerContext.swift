import Logging
import Synchronization

/// What every connection of a server shares.
final class ServerContext: Sendable {
    let configuration: HTTPConfiguration
    let handler: any HTTPHandler
    let metrics: HTTPMetrics
    let logger: Logger
    let date = HTTPDate()
    let bodyMemory: BodyMemory
    private let draining = Atomic<Bool>(false)

    init(configuration: HTTPConfiguration, handler: any HTTPHandler, metrics: HTTPMetrics, logger: Logger) {
        self.configuration = configuration
        self.handler = handler
        self.metrics = metrics
        self.logger = logger
        bodyMemory = BodyMemory(limits: configuration.limits)
    }

    /// Once true, every response closes its connection.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func beginDraining() {
        draining.store(true, ordering: .releasing)
    }
}
