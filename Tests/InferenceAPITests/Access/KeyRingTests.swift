import Testing

@testable import InferenceAPI

@Suite struct KeyRingTests {
    private let start = ContinuousClock.now

    private func ring(_ text: String) throws -> KeyRing {
        KeyRing(try APIKeys(text, defaults: KeyLimits(), file: "keys"))
    }

    @Test func aKeyMayHaveSoManyRequestsAtOnce() throws {
        let ring = try ring("a ka requests=2\nb kb")
        var permits = [try ring.begin("a", tokens: 5), try ring.begin("a", tokens: 5)]
        #expect(throws: APIError.rateLimited(.requests(limit: 2), retryAfter: .seconds(1))) {
            _ = try ring.begin("a", tokens: 5)
        }
        for _ in 0..<100 { permits.append(try ring.begin("b", tokens: 5)) }
        permits.removeFirst()
        permits.append(try ring.begin("a", tokens: 5))
        #expect(throws: APIError.self) { _ = try ring.begin("a", tokens: 5) }
    }

    @Test func whatARequestDidNotUseIsGivenBack() throws {
        let ring = try ring("a ka tokens-per-minute=60")
        var permit: KeyPermit? = try ring.begin("a", tokens: 60)
        #expect(throws: APIError.self) { _ = try ring.begin("a", tokens: 30) }
        permit?.use(20)
        permit = nil
        _ = try ring.begin("a", tokens: 40)
    }

    @Test func aReloadChangesLimitsAndHolders() throws {
        let ring = try ring("a ka requests=1")
        let permit = try ring.begin("a", tokens: 1)
        ring.replace(with: try APIKeys("a kz requests=2", defaults: KeyLimits(), file: "keys"))
        #expect(ring.holder(of: "ka") == nil)
        #expect(ring.holder(of: "kz")?.name == "a")
        let second = try ring.begin("a", tokens: 1)
        #expect(throws: APIError.self) { _ = try ring.begin("a", tokens: 1) }
        withExtendedLifetime((permit, second)) {}
    }

    @Test func aBucketFillsEvenlyAndNoFurtherThanAMinute() {
        var bucket = TokenBucket(perMinute: 600, now: start)
        #expect(bucket.take(600, now: start) == nil)
        #expect(bucket.take(50, now: start + .seconds(4)) == .seconds(1))
        #expect(bucket.take(50, now: start + .seconds(5)) == nil)
        bucket.giveBack(600, now: start + .seconds(6))
        #expect(bucket.take(600, now: start + .seconds(900)) == nil)
        #expect(bucket.take(1, now: start + .seconds(900)) != nil)
    }

    @Test func aRequestLargerThanAMinuteStartsFullAndLeavesADebt() {
        var bucket = TokenBucket(perMinute: 60, now: start)
        #expect(bucket.take(90, now: start) == nil)
        #expect(bucket.take(1, now: start + .seconds(30)) == .seconds(1))
        #expect(bucket.take(60, now: start + .seconds(30)) == .seconds(60))
        #expect(bucket.take(60, now: start + .seconds(90)) == nil)
    }
}
