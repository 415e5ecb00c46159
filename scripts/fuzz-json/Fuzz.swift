import Foundation
import JSON

/// Reads the bytes by strict rules and by lenient ones.
///
/// What is accepted is JSON to Foundation too, means the same there, and is read again as it was written.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let lenient = JSONRules(maximumDepth: 128, duplicateNames: .lastCounts, byteOrderMark: .ignored)
    let value: JSONValue
    do throws(JSONError) {
        value = try JSONParser.parse(bytes, lenient)
    } catch {
        precondition((0...count).contains(error.offset) && !error.description.isEmpty)
        precondition((try? JSONParser.parse(bytes)) == nil)
        return 0
    }
    guard let reference = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) else {
        fatalError("Foundation refuses it")
    }
    guard let again = try? JSONParser.parse(JSONText.bytes(value)) else { fatalError("what is written is not read") }
    precondition(agree(value, again))
    do throws(JSONError) {
        let strict = try JSONParser.parse(bytes)
        // Foundation loses U+FEFF where a string begins with it.
        let isMarked = String(decoding: bytes, as: UTF8.self).unicodeScalars.contains("\u{FEFF}")
        precondition(strict == value && (isMarked || agree(strict, reference)))
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

/// Whether the same is written again: a number without a fraction is then an integer.
private func agree(_ value: JSONValue, _ again: JSONValue) -> Bool {
    switch (value, again) {
    case (.array(let elements), .array(let others)):
        elements.count == others.count && zip(elements, others).allSatisfy { agree($0, $1) }
    case (.object(let members), .object(let others)):
        members.count == others.count
            && members.allSatisfy { name, member in others[name].map { agree(member, $0) } ?? false }
    case (.real(let number), _): again.asNumber == number
    default: value == again
    }
}

/// Whether Foundation means the same, numbers within its own rounding of long ones.
private func agree(_ value: JSONValue, _ reference: Any) -> Bool {
    switch (value, reference) {
    case (.null, is NSNull): true
    case (.string(let text), let other as String): text == other
    case (.array(let elements), let others as [Any]):
        elements.count == others.count && zip(elements, others).allSatisfy { agree($0, $1) }
    case (.object(let members), let others as [String: Any]):
        // Foundation keeps one of names that Unicode takes for equal.
        Set(members.names).count == others.count
            && (members.count > others.count
                || members.allSatisfy { name, member in others[name].map { agree(member, $0) } ?? false })
    case (.bool(let flag), let other as NSNumber): other.boolValue == flag
    case (.integer(let number), let other as NSNumber): other.stringValue == "\(number)"
    case (.real(let number), let other as NSNumber):
        abs(other.doubleValue - number) <= 1e-14 * max(abs(number), 1e-290)
    default: false
    }
}
