import Testing

@testable import Telemetry

struct TraceContextTests {
    static let trace = "0af7651916cd43dd8448eb211c80319c"
    static let span = "b7ad6b7169203331"

    static func context(_ traceparent: String..., state: String...) -> TraceContext? {
        TraceContext(traceparent: traceparent, tracestate: state)
    }

    @Test func aValidParentIsRead() throws {
        let context = try #require(Self.context("00-\(Self.trace)-\(Self.span)-01"))
        #expect(context.traceID.text == Self.trace)
        #expect(context.parentID.text == Self.span)
        #expect(context.isSampled)
        #expect(context.state == nil)
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test(arguments: [("00", false), ("01", true), ("02", false), ("03", true), ("fe", false), ("ff", true)])
    func onlyTheLowestFlagSays(flags: String, isSampled: Bool) {
        #expect(Self.context("00-\(Self.trace)-\(Self.span)-\(flags)")?.isSampled == isSampled)
    }

    @Test(arguments: [
        "", "00", "00-", "-", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1",
        "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-00", "00-\(trace)-\(span)-01 ", " 00-\(trace)-\(span)-01",
        "ff-\(trace)-\(span)-01", "FF-\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01",
        "0G-\(trace)-\(span)-01", "00-\(trace)-\(span)-0g", "00_\(trace)_\(span)_01", "00-\(trace)\(span)-01",
        "00-0AF7651916CD43DD8448EB211C80319C-\(span)-01", "00-\(trace)-B7AD6B7169203331-01",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319-\(span)-01", "00-0af7651916cd43dd8448eb211c80319cc-\(span)-01",
        "00-\(trace)-b7ad6b716920333-01", "00-\(trace)-b7ad6b71692033311-01",
        "00-0af7651916cd43dd8448eb211c80319é-\(span)",
        "cc-\(trace)-\(span)-01.what", "cc-\(trace)-\(span)-01x", "01-\(trace)-\(span)",
    ])
    func anInvalidParentIsIgnored(text: String) {
        #expect(Self.context(text) == nil)
    }

    @Test(arguments: [
        "01-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-what-the-future-will-be-like", "fe-\(trace)-\(span)-01-",
    ])
    func aLaterVersionIsReadByItsPrefix(text: String) {
        #expect(Self.context(text)?.traceparent == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test func oneZeroHalfOfATraceIDIsValid() {
        #expect(Self.context("00-00000000000000000000000000000001-\(Self.span)-00") != nil)
        #expect(Self.context("00-10000000000000000000000000000000-\(Self.span)-00") != nil)
    }

    @Test func severalParentsBeginANewTrace() {
        let parent = "00-\(Self.trace)-\(Self.span)-01"
        #expect(Self.context(parent, parent) == nil)
        #expect(TraceContext(traceparent: [], tracestate: ["a=1"]) == nil)
    }

    @Test func stateIsPassedOnOnlyWhenValid() {
        let parent = "00-\(Self.trace)-\(Self.span)-01"
        #expect(Self.context(parent, state: "rojo=1 , congo=2", "", "a@b=3")?.state == "rojo=1,congo=2,a@b=3")
        #expect(Self.context(parent, state: "Rojo=1")?.isSampled == true)
        #expect(Self.context(parent, state: "Rojo=1")?.state == nil)
    }
}

struct TraceStateTests {
    @Test(arguments: [
        ("a=1", "a=1"), (" a=1\t,\tb=2 ", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"), ("a= x", "a= x"),
        ("1a-_*/@=!~", "1a-_*/@=!~"),
    ])
    func validMembersAreKept(text: String, kept: String) {
        #expect(TraceState([text])?.text == kept)
    }

    @Test(arguments: [
        "", " , ", "a", "=1", "a=", "a =1", "A=1", "_a=1", "a=1=2", "a=é", "é=1", "a=1,a=2", "a=1,b", "a=\u{7F}",
        "a=1\u{1}",
    ])
    func oneBadMemberSpoilsTheField(text: String) {
        #expect(TraceState([text]) == nil)
    }

    @Test func thirtyTwoMembersAreTheMost() {
        let members = (0..<33).map { "k\($0)=1" }
        #expect(TraceState(Array(members.prefix(32))) != nil)
        #expect(TraceState(members) == nil)
    }

    @Test func keysAndValuesHaveAtMost256Characters() {
        let long = String(repeating: "k", count: 257)
        #expect(TraceState(["\(long)=1"]) == nil)
        #expect(TraceState(["k=\(long)"]) == nil)
        #expect(TraceState(["k=\(long.dropLast())"])?.text == "k=\(long.dropLast())")
    }

    @Test func whatIsTooLongLosesLargeMembersFirstAndThenTheLast() throws {
        let large = "large=" + String(repeating: "x", count: 200)
        let small = (0..<60).map { "k\($0)=12345678901234567890" }
        #expect(TraceState(["a=1", large, "b=2"])?.text == "a=1,\(large),b=2")
        let text = try #require(TraceState([large] + small.prefix(20))?.text)
        #expect(!text.contains("large") && text.utf8.count <= 512)
        #expect(text == small.prefix(text.split(separator: ",").count).joined(separator: ","))
        let exact = "a=" + String(repeating: "x", count: 120)
        let four = [exact, "b" + exact, "c" + exact, "d" + exact]
        #expect(TraceState(four)?.text.utf8.count == 494)
    }
}
