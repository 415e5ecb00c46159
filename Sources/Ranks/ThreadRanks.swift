import Synchronization

/// Ranks that are threads of one process.
///
/// `@unchecked Sendable`: what is shared lies behind a lock; all else is set once.
package final class ThreadRanks: Ranks, @unchecked Sendable {
    /// Messages on their way, by receiver and then by sender.
    private final class Post: Sendable {
        let boxes: Mutex<[[[[UInt8]]]]>

        init(_ count: Int) {
            boxes = Mutex(Array(repeating: Array(repeating: [], count: count), count: count))
        }
    }

    package let rank: Int
    package let count: Int
    package var countHere: Int { count }
    package var rankHere: Int { rank }
    private let post: Post

    private init(rank: Int, count: Int, _ post: Post) { (self.rank, self.count, self.post) = (rank, count, post) }

    /// All ranks of a job, by number; each for a thread of its own.
    package static func job(of count: Int) -> [ThreadRanks] {
        let post = Post(count)
        return (0..<count).map { ThreadRanks(rank: $0, count: count, post) }
    }

    package func beginSend(_ message: RankMessage, to rank: Int) {
        let bytes = Array(message.bytes)
        post.boxes.withLock { $0[rank][self.rank].append(bytes) }
    }

    package func isSent(to rank: Int) -> Bool { true }

    package func receive(into message: RankMessage, from rank: Int) -> Bool {
        let next = post.boxes.withLock { boxes in
            boxes[self.rank][rank].isEmpty ? nil : boxes[self.rank][rank].removeFirst()
        }
        guard let next else { return false }
        message.removeAll()
        message.append(bytes: next.count) { $0.copyBytes(from: next) }
        return true
    }

    package func leave() {}
}
