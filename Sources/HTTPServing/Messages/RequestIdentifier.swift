import HTTPTypes

/// The id of a request: the client's when it is at most 128 visible ASCII characters, else a random one.
struct RequestIdentifier {
    let text: String

    init(fields: HTTPFields) {
        let sent = fields[values: .requestID]
        if sent.count == 1, (1...128).contains(sent[0].utf8.count), sent[0].utf8.allSatisfy(\.isVisible) {
            text = sent[0]
        } else {
            text = Self.random()
        }
    }

    init() {
        text = Self.random()
    }

    private static func random() -> String {
        let digits = Array("0123456789abcdef".utf8)
        var random = SystemRandomNumberGenerator()
        var bits = random.next()
        return String(unsafeUninitializedCapacity: 32) { buffer in
            for index in 0..<32 {
                if index == 16 { bits = random.next() }
                buffer[index] = digits[Int(bits & 15)]
                bits >>= 4
            }
            return 32
        }
    }
}
