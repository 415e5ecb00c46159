import JSON

/// OpenAI's error object.
struct ErrorObject: Encodable {
    struct Detail: Encodable {
        var message: String
        var type: String
        @OrNull var param: String?
        @OrNull var code: String?
    }

    var error: Detail
}
