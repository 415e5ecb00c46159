/// Why a file of API keys cannot be used.
package enum APIKeyFileError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String)
    case notText(file: String)
    case empty(file: String)
    /// The number counts from 1; the reason never quotes a key.
    case line(Int, file: String, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let file): "the API key file \(file) cannot be read"
        case .notText(let file): "the API key file \(file) is not text in UTF-8"
        case .empty(let file): "the API key file \(file) holds no key"
        case .line(let number, let file, let reason): "line \(number) of the API key file \(file): \(reason)"
        }
    }
}
