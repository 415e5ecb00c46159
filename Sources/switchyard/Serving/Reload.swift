import HTTPServing
import InferenceAPI
import Logging

/// Something the process reads again when it is told to.
struct Reload: Sendable {
    /// What it is, as it stands in a sentence: "the TLS certificate".
    let name: String
    /// Reads it; what was there before must stay when this throws.
    ///
    /// Called on a thread of its own, one at a time.
    let read: @Sendable (Logger) throws -> Void
}

extension Reload {
    /// Certificate and key: connections from then on see the new ones.
    static func certificate(_ tls: TLSIdentity) -> Reload {
        Reload(name: "the TLS certificate") { logger in
            try tls.reload()
            for warning in tls.warnings { logger.warning("\(warning)") }
        }
    }

    /// The file of API keys: requests from then on are checked by the new ones.
    static func keys(in ring: KeyRing, _ options: AccessOptions) -> Reload {
        Reload(name: "the API keys") { _ in
            if let keys = try options.keys() { ring.replace(with: keys) }
        }
    }
}
