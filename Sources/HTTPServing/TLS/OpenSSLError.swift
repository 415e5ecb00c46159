private import COpenSSL

/// OpenSSL's words for its errors.
enum OpenSSLError {
    static func reason(of code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }

    /// The first error of this thread's queue, which is emptied.
    static func takeReason() -> String {
        let code = ERR_peek_error()
        ERR_clear_error()
        return reason(of: code)
    }
}
