/// What this program is.
enum BuildInformation {
    /// Of the program: in `--version`, metrics, traces, model cards and fingerprints.
    static let version = "0.1.0"
    /// Of the compiler, as far as it matters here: a later one counts as the newest known.
    static let swift = {
        #if compiler(>=6.3)
        "6.3"
        #else
        "6.2"
        #endif
    }()
}
