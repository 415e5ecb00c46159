import Dispatch
import Glibc
import Synchronization
import Testing

@testable import HTTPServing

/// Two connected sockets, of which one is watched.
private final class WatchedPair: Sendable {
    let watched: Int32
    let peer: Int32
    let poller = SocketPoller()
    let queue = DispatchQueue(label: "test")

    init() {
        var pair: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair)
        (watched, peer) = (pair[0], pair[1])
        poller.start()
    }

    deinit {
        poller.stop()
        close(watched)
    }

    /// What the watch tells, as it tells it.
    func watch(
        _ interest: SocketInterest,
        handler: @escaping @Sendable (SocketInterest) -> Void = { _ in }
    ) throws -> (watch: SocketWatch, told: AsyncStream<SocketInterest>) {
        let (told, continuation) = AsyncStream.makeStream(of: SocketInterest.self)
        let watch = try poller.watch(watched, on: queue) { ready in
            handler(ready)
            continuation.yield(ready)
        }
        watch.begin(interest)
        return (watch, told)
    }

    /// Reads at most `count` bytes of the watched socket; what `recv` returned.
    func receive(_ count: Int) -> Int {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(watched, &bytes, count, 0)
    }
}

@Test func whatWasNotReadIsToldAgain() async throws {
    let pair = WatchedPair()
    let received = Mutex(0)
    let (watch, told) = try pair.watch(.reading) { _ in received.withLock { $0 += max(0, pair.receive(1)) } }
    send(pair.peer, "abc", 3, 0)
    var count = 0
    for await ready in told {
        #expect(ready == .reading)
        count += 1
        if count == 3 { break }
    }
    #expect(received.withLock { $0 } == 3)
    watch.cancel()
    close(pair.peer)
}

@Test func aHangUpBehindUnreadBytesIsTold() async throws {
    let pair = WatchedPair()
    let ended = Mutex(false)
    let (watch, told) = try pair.watch(.reading) { _ in if pair.receive(1) == 0 { ended.withLock { $0 = true } } }
    send(pair.peer, "ab", 2, 0)
    close(pair.peer)
    for await _ in told where ended.withLock({ $0 }) { break }
    watch.cancel()
}

@Test func aHangUpIsNotToldToWhoWatchesForNothing() async throws {
    let pair = WatchedPair()
    let calls = Atomic<Int>(0)
    let (watch, told) = try pair.watch([]) { _ in calls.add(1, ordering: .relaxed) }
    close(pair.peer)
    try await Task.sleep(for: .milliseconds(20))
    #expect(calls.load(ordering: .relaxed) == 0)
    watch.begin(.reading)
    for await ready in told {
        #expect(ready == .reading)
        break
    }
    watch.cancel()
}

@Test func aSocketThatTakesBytesAgainIsTold() async throws {
    let pair = WatchedPair()
    let block = [UInt8](repeating: 0, count: 1 << 16)
    while send(pair.watched, block, block.count, 0) > 0 {}
    let (watch, told) = try pair.watch([.reading, .writing])
    let (emptied, continuation) = AsyncStream.makeStream(of: SocketInterest.self)
    let forwarding = Task { for await ready in told { continuation.yield(ready) } }
    var bytes = block
    while recv(pair.peer, &bytes, bytes.count, 0) > 0 {}
    for await ready in emptied {
        #expect(ready == .writing)
        break
    }
    forwarding.cancel()
    watch.cancel()
    close(pair.peer)
}

@Test func aCancelledWatchIsToldNothing() async throws {
    let pair = WatchedPair()
    let calls = Atomic<Int>(0)
    let (watch, _) = try pair.watch(.reading) { _ in calls.add(1, ordering: .relaxed) }
    watch.cancel()
    watch.begin(.writing)
    send(pair.peer, "a", 1, 0)
    close(pair.peer)
    try await Task.sleep(for: .milliseconds(20))
    #expect(calls.load(ordering: .relaxed) == 0)
}

@Test func aClosedDescriptorCannotBeWatched() {
    let poller = SocketPoller()
    #expect(throws: SocketError.failed(call: "epoll_ctl", errno: EBADF)) {
        _ = try poller.watch(-1, on: DispatchQueue(label: "test")) { _ in }
    }
}
