/// What this program is.
enum BuildInformation {
    static let version = "0.1.0"
    static let swift = {
        #if compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }()
}
