import Foundation
import Glibc

/// What every trace says about the process it comes from.
package struct TraceResource: Equatable, Sendable {
    package var serviceName = "switchyard"
    package var version: String
    /// Tells the processes of a fleet apart.
    package var instance: String
    package var host: String

    /// Asks the system for the host's name; the number of the process is added when traces are sent.
    ///
    /// - Parameter instance: unique among all processes of the service; a random UUID unless given.
    package init(version: String, instance: String = UUID().uuidString.lowercased()) {
        self.version = version
        self.instance = instance
        host = ProcessInfo.processInfo.hostName
    }

    var attributes: [OTLPDocument.Attribute] {
        [
            .init(key: "service.name", value: .string(serviceName)),
            .init(key: "service.version", value: .string(version)),
            .init(key: "service.instance.id", value: .string(instance)),
            .init(key: "host.name", value: .string(host)),
            .init(key: "process.pid", value: .integer(Int(getpid()))),
        ]
    }
}
