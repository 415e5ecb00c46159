/// Whether who asks for `/` wants the page that people read, or JSON (RFC 9110 §12.5.1).
///
/// The page is for who names `text/html` and likes it no less than JSON: browsers do, programs take anything.
struct PagePreference: Equatable {
    let wantsPage: Bool

    /// - Parameter accept: all `Accept` fields, joined; nil for none.
    init(accept: String?) {
        var weights: [String: Double] = [:]
        for element in (accept ?? "").lowercased().split(separator: ",") {
            let parts = element.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let type = parts.first else { continue }
            let quality = parts.first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 }
            weights[type] = quality ?? 1
        }
        let page = weights["text/html"] ?? 0
        if let json = weights["application/json"], json >= page {
            wantsPage = false
        } else {
            wantsPage = page > 0 && page >= weights["application/*"] ?? weights["*/*"] ?? 0
        }
    }
}
