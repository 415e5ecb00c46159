import Dispatch

/// Runs what could take long away from the threads that answer requests, one piece after the other.
///
/// The pieces that wait are requests, whose number the server bounds.
struct LongWork: Sendable {
    private let queue = DispatchQueue(label: "switchyard.long-work")

    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(APIError) -> Value
    ) async throws(APIError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(APIError) in try body() })
            }
        }
        return try result.get()
    }
}
