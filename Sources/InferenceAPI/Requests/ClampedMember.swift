import HTTPServing
import HTTPTypes
import Telemetry

/// A member that asked for more than the server gives, and what it was cut to.
struct ClampedMember: Equatable, Sendable {
    /// As the client calls it.
    var name: String
    var value: Int
}

/// Tells of members that were cut down.
enum ClampedMembers {
    /// Notes them for the access log and `add`.
    static func note(_ members: [ClampedMember], in trace: RequestTrace) {
        guard !members.isEmpty else { return }
        trace.set(.clampedMembers, .strings(members.map { "\($0.name)=\($0.value)" }))
    }

    /// Names what was noted in the response's head.
    static func add(_ trace: RequestTrace, to response: inout ServerResponse) {
        let noted = trace.attributes.first { $0.key == .clampedMembers }
        guard case .strings(let members)? = noted?.value else { return }
        response.fields[.clampedMembers] = members.joined(separator: ", ")
    }
}

extension TraceAttribute.Key {
    static let clampedMembers = Self(log: "clamped_members")
}

extension HTTPField.Name {
    static let clampedMembers = Self("x-switchyard-clamped-members")!
}
