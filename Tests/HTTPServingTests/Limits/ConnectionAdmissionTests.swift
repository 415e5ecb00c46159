import Glibc
import Testing

@testable import HTTPServing

struct ConnectionAdmissionTests {
    private static func limits(_ connections: Int, perClient: Int) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.connections = connections
        limits.connectionsPerClient = perClient
        return limits
    }

    @Test func theLastPlaceIsGivenAndOneMoreIsRefused() {
        var admission = ConnectionAdmission(limits: Self.limits(3, perClient: 3))
        for _ in 0..<3 { #expect(admission.admit(.address4(1)) == nil) }
        #expect(admission.admit(.address4(2)) == .full)
        admission.leave(.address4(1))
        #expect(admission.admit(.address4(2)) == nil)
        #expect(admission.count == 3)
    }

    @Test func replacementsAreBoundedToo() {
        var limits = Self.limits(2, perClient: 10)
        limits.heldRefusals = 1
        var admission = ConnectionAdmission(limits: limits)
        for _ in 0..<2 { #expect(admission.admit(.address4(1)) == nil) }
        #expect(admission.admitReplacement(.address4(2)) == nil)
        #expect(admission.admitReplacement(.address4(2)) == .full)
        admission.leave(.address4(1))
        #expect(admission.admit(.address4(2)) == .full)
    }

    @Test func oneClientCannotTakeThePlacesOfOthers() {
        var admission = ConnectionAdmission(limits: Self.limits(10, perClient: 2))
        #expect(admission.admit(.address4(1)) == nil)
        #expect(admission.admit(.address4(1)) == nil)
        #expect(admission.admit(.address4(1)) == .clientFull)
        #expect(admission.admit(.address4(2)) == nil)
        admission.leave(.address4(1))
        #expect(admission.admit(.address4(1)) == nil)
    }

    @Test func aClientWithoutConnectionsIsForgotten() {
        var admission = ConnectionAdmission(limits: HTTPLimits())
        for client in 0..<1000 {
            _ = admission.admit(.address4(UInt32(client)))
            admission.leave(.address4(UInt32(client)))
        }
        #expect(admission.clients == 0)
        #expect(admission.count == 0)
    }

    @Test func leavingTwiceTakesNothingFromOthers() {
        var admission = ConnectionAdmission(limits: HTTPLimits())
        _ = admission.admit(.address4(1))
        _ = admission.admit(.address4(2))
        admission.leave(.address4(1))
        admission.leave(.address4(1))
        #expect(admission.count == 1)
    }

    @Test func aNetworkOf64BitsIsOneClient() {
        let prefix: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, 2]
        let one = ClientNetwork(prefix + [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(one == .network6(0x2001_0DB8_0001_0002))
        #expect(one == ClientNetwork(prefix + [0xFF, 0xFE, 1, 2, 3, 4, 5, 6]))
        #expect(one != ClientNetwork([0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, 3] + [0, 0, 0, 0, 0, 0, 0, 1]))
    }

    @Test func anAddressMappedToIPv6IsTheAddress() {
        let mapped = ClientNetwork([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 7])
        #expect(mapped == .address4(0xC000_0207))
        #expect(mapped == ClientNetwork([192, 0, 2, 7]))
        #expect(ClientNetwork([]) == .other)
    }

    @Test func addressesAreReadFromTheirSocket() {
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_INET)
        withUnsafeMutableBytes(of: &storage) {
            $0[4] = 127; $0[7] = 1
        }
        #expect(ClientNetwork(storage) == .address4(0x7F00_0001))
        storage.ss_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes[4] = 0
            bytes[7] = 0
            bytes[8] = 0xFE
            bytes[9] = 0x80
            bytes[23] = 1
        }
        #expect(ClientNetwork(storage) == .network6(0xFE80_0000_0000_0000))
        storage.ss_family = sa_family_t(AF_UNIX)
        #expect(ClientNetwork(storage) == .other)
    }

    @Test(arguments: [
        (1024, 1024, 4096, DescriptorLimit.Decision.enough), (1025, 1024, 4096, .raise(to: 1025)),
        (4096, 1024, 4096, .raise(to: 4096)), (4097, 1024, 4096, .refuse), (10, 1024, Int.max, .enough),
    ])
    func descriptorsAreRaisedAsFarAsTheyMay(
        needed: Int,
        soft: Int,
        hard: Int,
        decision: DescriptorLimit.Decision
    ) {
        #expect(DescriptorLimit.decide(needed: needed, soft: soft, hard: hard) == decision)
    }

    @Test func theLastDescriptorsAreNoConnections() {
        let soft = 100
        #expect(DescriptorLimit.leavesHeadroom(lowestFree: soft - DescriptorLimit.headroom - 1, soft: soft))
        #expect(!DescriptorLimit.leavesHeadroom(lowestFree: soft - DescriptorLimit.headroom, soft: soft))
        #expect(!DescriptorLimit.leavesHeadroom(lowestFree: 10, soft: 20))
        #expect(DescriptorLimit.leavesHeadroom(lowestFree: 10, soft: .max))
    }

    @Test func tooFewDescriptorsAreOneSentence() {
        let error = SocketError.tooFewDescriptors(connections: 1024, needed: 1216, allowed: 256)
        #expect(
            error.description == "1024 connections need 1216 open files, but the limit is 256: "
                + "raise it with ulimit -n, or lower --max-connections"
        )
    }
}
