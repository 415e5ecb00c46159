/// What a client offers to speak over TLS: names, each after a byte with its length (RFC 7301 §3.1).
enum ProtocolOffer {
    /// Where HTTP/1.1 stands in the list, nil when the client does not speak it.
    static func http11(in list: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var start = 0
        while start < list.count {
            let name = (start + 1)..<(start + 1 + Int(list[start]))
            guard name.upperBound <= list.count else { return nil }
            if list[name].elementsEqual("http/1.1".utf8) { return name }
            start = name.upperBound
        }
        return nil
    }
}
