package import Batching
import Foundation
import HTTPServing
import HTTPTypes
import JSON
import Telemetry

/// What the endpoints share, given by the executable.
package struct RequestContext: Sendable {
    package var configuration: APIConfiguration
    /// nil while the checkpoint loads.
    package var backend: @Sendable () -> InferenceBackend?
    package var readiness: @Sendable () -> Readiness
    /// nil when the server needs no keys.
    package var keys: KeyRing?
    /// Where requests are counted that are refused before they reach the engine; nil counts none.
    package var rejections: AdmissionRejections?
    package var running = RunningAnswers()
    /// What was translated since the start.
    let translated = TranslatedCharacters()
    let longWork = LongWork()
    let embeddingMemory: EmbeddingMemory

    /// - Parameters:
    ///   - readiness: asked at each request.
    ///   - backend: nil while the checkpoint loads.
    package init(
        configuration: APIConfiguration = APIConfiguration(),
        readiness: @escaping @Sendable () -> Readiness,
        backend: @escaping @Sendable () -> InferenceBackend?
    ) {
        self.configuration = configuration
        embeddingMemory = EmbeddingMemory(limit: configuration.embeddingMemory)
        self.readiness = readiness
        self.backend = backend
    }

    func loadedBackend() throws(APIError) -> InferenceBackend {
        guard let backend = backend() else { throw .notReady(readiness()) }
        return backend
    }

    /// What `make` makes of the JSON object in the body of a request, or of a form where that is taken, too.
    ///
    /// A large body is read away from the threads that answer requests: its text may take seconds to tokenise.
    func read<Value: Sendable>(
        _ request: ServerRequest,
        _ form: BodyForm = .json,
        _ make: @escaping @Sendable (JSONObject) throws(APIError) -> Value
    ) async throws(APIError) -> Value {
        let members = try form.reader(of: request)
        let bytes: [UInt8]
        do {
            bytes = try await request.body.collect()
        } catch {
            throw .body(error)
        }
        defer { request.body.release() }
        let size = bytes.count + (request.query?.utf8.count ?? 0)
        guard size > configuration.largeBody else { return try make(try members(bytes)) }
        return try await longWork.run { () throws(APIError) in try make(try members(bytes)) }
    }

    /// Names what was not done as it was asked to the client and in the access log: members that the server did not
    /// understand, without their values, and those it cut down.
    ///
    /// - Throws: `.unknownMembers` when the operator wants such requests refused.
    func note(_ notes: ReadingNotes, of request: ServerRequest) throws(APIError) {
        if let members = IgnoredMembers(notes.unknownNames) {
            guard !configuration.isStrict else { throw .unknownMembers(members) }
            members.note(in: request.trace)
        }
        ClampedMembers.note(notes.clamped, in: request.trace)
        if let tokenization = notes.tokenization { request.trace.add(tokenization) }
    }

    func identity(_ prefix: String) -> AnswerIdentity {
        let digits = UUID().uuidString.lowercased().filter { $0 != "-" }
        return AnswerIdentity(id: prefix + digits, created: Int(Date().timeIntervalSince1970))
    }
}
