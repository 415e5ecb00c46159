import Testing

@testable import HTTPServing

@Suite struct BodyMemoryTests {
    private let memory: BodyMemory

    init() {
        var limits = HTTPLimits()
        limits.bodyMemoryBytes = 1000
        limits.smallBodyBytes = 10
        memory = BodyMemory(limits: limits)
    }

    @Test func bodiesShareTheMemoryWithoutTheirFirstBytes() throws {
        let (one, two) = (BodyMemory.Share(of: memory), BodyMemory.Share(of: memory))
        try one.grow(to: 610)
        try one.grow(to: 300)
        #expect(memory.heldBytes == 600)
        try two.grow(to: 410)
        #expect(memory.heldBytes == 1000)
        #expect(throws: RequestBodyError.noRoom) { try two.grow(to: 411) }
        one.giveBack()
        try two.grow(to: 1010)
        #expect(throws: RequestBodyError.noRoom) { try two.grow(to: 1011) }
    }

    @Test func aSmallBodyAlwaysFits() throws {
        let large = BodyMemory.Share(of: memory)
        try large.grow(to: 1010)
        let small = BodyMemory.Share(of: memory)
        try small.grow(to: 10)
        #expect(throws: RequestBodyError.noRoom) { try small.grow(to: 11) }
    }

    @Test func aShareThatGoesAwayGivesItsMemoryBack() throws {
        var share: BodyMemory.Share? = BodyMemory.Share(of: memory)
        try share?.grow(to: 500)
        #expect(memory.heldBytes == 490)
        share = nil
        #expect(memory.heldBytes == 0)
    }
}
