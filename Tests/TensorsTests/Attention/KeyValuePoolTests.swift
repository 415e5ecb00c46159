import Tensors
import Testing

@Suite struct KeyValuePoolTests {
    private let shape = KeyValuePool.Shape(layers: 3, heads: 2, headWidth: 4, precision: .float32)

    @Test func blocksAreHandedOutOnceAndTakenBack() throws {
        let pool = try KeyValuePool(shape, bytes: 4 * KeyValuePool.blockRows * shape.bytesPerPosition)
        #expect(pool.rows == 4 * KeyValuePool.blockRows)
        let blocks = (0..<4).map { _ in pool.takeBlock() }
        #expect(Set(blocks).count == 4 && blocks.allSatisfy { Int($0) % KeyValuePool.blockRows == 0 })
        pool.giveBack([blocks[2], blocks[1]])
        #expect(pool.blocksTaken == 2)
        #expect(Set([pool.takeBlock(), pool.takeBlock()]) == [blocks[1], blocks[2]])
    }

    @Test func moreThanTheSystemHasAddressesForIsRefused() {
        #expect(throws: KeyValuePool.OutOfAddresses.self) { try KeyValuePool(shape, bytes: 1 << 60) }
    }

    @Test func aListKeepsItsOrderAndCopies() {
        let (list, copy) = (RowList(capacity: 3), RowList(capacity: 3))
        for row: Int32 in [7, 2, 9] { list.append(row) }
        copy.append(1)
        copy.copy(list)
        #expect((0..<3).map { copy[$0] } == [7, 2, 9] && copy.view.count == 3)
    }

    private func value(_ index: Int) -> Float { Float((index &* 7919) % 1000) / 500 - 1 }

    /// What two heads attend to in 20 rows, a head's keys or values rounded first by `rounding`.
    private func attended(
        _ precision: KeyValuePool.Precision,
        width: Int,
        rounding: ([Float]) -> [Float] = { $0 }
    ) throws -> [Float] {
        let workers = Workers(threads: 2)
        let inner = 2 * width
        let pool = try KeyValuePool(
            .init(layers: 1, heads: 2, headWidth: width, precision: precision),
            bytes: 1 << 20
        )
        let rows = (0..<20 * 4).flatMap { part in rounding((0..<width).map { value(part * width + $0) }) }
        let source = Matrix(rows: 20, columns: 2 * inner, elements: rows)
        let list = RowList(capacity: 20)
        for row in 0..<20 { list.append(Int32(19 - row)) }
        pool.store(source, column: 0, layer: 0, at: (0..<20).map { list[$0] }, on: workers)
        let query = Matrix(rows: 1, columns: inner, elements: (0..<inner).map { value($0 + 31) })
        let output = Matrix(rows: 1, columns: inner)
        let attention = CachedAttention(query: query, pool: pool, layer: 0, bias: nil, output: output)
        workers.run(attention, [list.view], scratch: Matrix())
        return output.elements
    }

    @Test(arguments: [16, 24]) func halfPrecisionIsTheAttentionOfRoundedRows(width: Int) throws {
        func rounded(_ head: [Float]) -> [Float] {
            head.map { Float(bitPattern: ($0.bitPattern + 0x7FFF + ($0.bitPattern >> 16 & 1)) & 0xFFFF_0000) }
        }
        #expect(
            try attended(.bfloat16, width: width) == attended(.float32, width: width, rounding: rounded)
        )
    }

    @Test(arguments: [16, 24, 32, 64, 128]) func eightBitsAreTheAttentionOfRowsRoundedByHead(width: Int) throws {
        func rounded(_ head: [Float]) -> [Float] {
            let step = head.reduce(0) { max($0, abs($1)) } / 127
            return head.map { ($0 / step).rounded() * step }
        }
        let (found, wanted) = (
            try attended(.int8, width: width), try attended(.float32, width: width, rounding: rounded)
        )
        for (found, wanted) in zip(found, wanted) { #expect(abs(found - wanted) < 1e-5) }
        #expect(try attended(.float32, width: width) != wanted)
    }

    @Test func aPositionOfEightBitsIsTheElementsAndAScaleForEachHead() {
        var shape = shape
        shape.precision = .int8
        #expect(shape.rowBytes == 2 * 2 * (4 + 4) && shape.bytesPerPosition == 3 * shape.rowBytes)
    }

    /// Values that have no scale: nothing is made of nothing, and what is no number stays none.
    @Test(arguments: [(0, true), (1e-38, true), (.infinity, false), (.nan, false)] as [(Float, Bool)])
    func rowsWithoutAScaleStayWhatTheyAre(value: Float, isFinite: Bool) throws {
        let output = try attended(.int8, width: 16) { $0.map { _ in value } }
        #expect(output.allSatisfy(\.isFinite) == isFinite)
        if isFinite { #expect(output.allSatisfy { abs($0) < 1e-37 }) }
    }
}
