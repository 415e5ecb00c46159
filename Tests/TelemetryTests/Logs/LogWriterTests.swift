import Foundation
import Glibc
import Testing

@testable import Telemetry

/// A pipe whose reader reads when told to.
private struct Pipe {
    let reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [0, 0]
        _ = pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
    }

    func read(_ count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = bytes[filled...].withUnsafeMutableBytes { Glibc.read(reader, $0.baseAddress, $0.count) }
            if more <= 0 { break }
            filled += more
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    func close() {
        _ = Glibc.close(reader)
        _ = Glibc.close(writer)
    }
}

@Suite(.serialized, .timeLimit(.minutes(1)))
struct LogWriterTests {
    @Test func linesComeOutWholeAndInOrder() async {
        let pipe = Pipe()
        defer { pipe.close() }
        let writer = LogWriter(descriptor: pipe.writer)
        let lines = (0..<200).map { "line \($0)" }
        for line in lines { writer.write(Array(line.utf8)) }
        await writer.flush(within: .seconds(10))
        writer.close()
        let expected = lines.map { $0 + "\n" }.joined()
        #expect(pipe.read(expected.utf8.count) == expected)
        #expect(writer.dropped.value == 0)
    }

    @Test func aStuckPipeCostsLinesAndNoTime() async {
        let pipe = Pipe()
        defer { pipe.close() }
        let writer = LogWriter(descriptor: pipe.writer, queueBytes: 10_000)
        let line = [UInt8](repeating: 65, count: 999)
        // A pipe holds 64 KiB; nobody reads.
        for _ in 0..<1000 { writer.write(line) }
        let started = ContinuousClock.now
        await writer.flush(within: .milliseconds(50))
        #expect(ContinuousClock.now - started < .seconds(5))
        let dropped = writer.dropped.value
        #expect(dropped >= 1000 - 64 - 2 * 10 && dropped < 1000)
        // Everything that was kept comes out whole once someone reads.
        let kept = (1000 - Int(dropped)) * 1000
        let text = await Task.detached { pipe.read(kept) }.value
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count == 999 })
        writer.close()
    }

    @Test func theQueueTakesExactlyWhatItHolds() async {
        let pipe = Pipe()
        defer { pipe.close() }
        let writer = LogWriter(descriptor: pipe.writer, queueBytes: 100)
        writer.write([UInt8](repeating: 65, count: 100))
        #expect(writer.dropped.value == 1)
        writer.write([UInt8](repeating: 65, count: 99))
        await writer.flush(within: .seconds(10))
        #expect(writer.dropped.value == 1)
        writer.close()
    }

    @Test(arguments: ["/dev/full", "closed"])
    func aDescriptorThatRefusesIsNoMoreThanCounted(path: String) async {
        let descriptor = path == "closed" ? -1 : open(path, O_WRONLY)
        let writer = LogWriter(descriptor: descriptor)
        for _ in 0..<5 {
            writer.write([65])
            await writer.flush(within: .seconds(10))
        }
        #expect(writer.dropped.value == 5)
        writer.close()
    }

    @Test func closingWritesWhatIsQueuedAndNoMore() async {
        let pipe = Pipe()
        defer { pipe.close() }
        let writer = LogWriter(descriptor: pipe.writer)
        writer.write([65])
        writer.close()
        writer.write([66])
        #expect(pipe.read(2) == "A\n")
        #expect(writer.dropped.value == 1)
    }
}

struct LogOutputTests {
    @Test func aLineThatWasCutOffDoesNotSwallowTheNext() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "log-output-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let descriptor = open(file.path, O_WRONLY | O_CREAT, 0o600)
        var output = LogOutput(descriptor: descriptor)
        // Part of a line, as when the disk fills up within it.
        #expect(output.write(Array("first, c".utf8)) == 0)
        #expect(output.write(Array("second\n".utf8)) == 0)
        #expect(output.write(Array("third\n".utf8)) == 0)
        close(descriptor)
        #expect(try String(contentsOf: file, encoding: .utf8) == "first, c\nsecond\nthird\n")
    }
}
