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

    @Test(arguments: [16, 24]) func halfPrecisionIsTheAttentionOfRoundedRows(width: Int) throws {
        let workers = Workers(threads: 2)
        let inner = 2 * width
        func value(_ index: Int) -> Float { Float((index &* 7919) % 1000) / 500 - 1 }
        func bfloat16(_ value: Float) -> Float {
            Float(bitPattern: (value.bitPattern + 0x7FFF + (value.bitPattern >> 16 & 1)) & 0xFFFF_0000)
        }
        func attended(_ precision: KeyValuePool.Precision, rounding: (Float) -> Float) throws -> [Float] {
            let pool = try KeyValuePool(
                .init(layers: 1, heads: 2, headWidth: width, precision: precision),
                bytes: 1 << 20
            )
            let rows = (0..<20 * 2 * inner).map { rounding(value($0)) }
            let source = Matrix(rows: 20, columns: 2 * inner, elements: rows)
            let list = RowList(capacity: 20)
            for row in 0..<20 { list.append(Int32(19 - row)) }
            pool.store(source, column: 0, layer: 0, at: (0..<20).map { list[$0] }, on: workers)
            let query = Matrix(rows: 1, columns: inner, elements: (0..<inner).map { value($0 + 31) })
            let output = Matrix(rows: 1, columns: inner)
            let attention = CachedAttention(
                query: query,
                pool: pool,
                layer: 0,
                bias: nil,
                output: output
            )
            workers.run(attention, [list.view], scratch: Matrix())
            return output.elements
        }
        #expect(try attended(.bfloat16, rounding: { $0 }) == attended(.float32, rounding: bfloat16))
    }
}
