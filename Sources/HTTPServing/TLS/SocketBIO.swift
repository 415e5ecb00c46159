private import COpenSSL
import Glibc

/// OpenSSL's way to a socket, but for one thing: writing to a client that left is an error, not a SIGPIPE.
enum SocketBIO {
    /// Made once and never changed, so that any thread may read it.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let system = BIO_s_socket()
        guard let method = BIO_meth_new(COpenSSL_BIO_TYPE_SOCKET, "socket") else { return nil }
        BIO_meth_set_read(method, BIO_meth_get_read(system))
        BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(system))
        BIO_meth_set_create(method, BIO_meth_get_create(system))
        BIO_meth_set_destroy(method, BIO_meth_get_destroy(system))
        BIO_meth_set_write(method) { bio, bytes, count in
            let descriptor = Int32(truncatingIfNeeded: BIO_ctrl(bio, BIO_C_GET_FD, 0, nil))
            COpenSSL_BIO_clear_retry_flags(bio)
            let sent = send(descriptor, bytes, Int(count), Int32(MSG_NOSIGNAL))
            if sent < 0, errno == EAGAIN || errno == EINTR {
                COpenSSL_BIO_set_retry_write(bio)
            }
            return Int32(truncatingIfNeeded: sent)
        }
        return method
    }()

    /// A BIO over a connected socket that stays the caller's; nil when memory is out.
    ///
    /// Ownership passes to the caller.
    static func make(descriptor: Int32) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_int_ctrl(bio, BIO_C_SET_FD, Int(BIO_NOCLOSE), descriptor)
        return bio
    }
}
