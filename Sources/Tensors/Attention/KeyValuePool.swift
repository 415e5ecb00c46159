import CKernels
import Glibc
import Synchronization

/// Keys and values of the positions of many sequences, in every decoder layer.
///
/// A row is one position: its keys and values in one layer, under the same number in all layers. Rows are
/// handed out in blocks and taken back, most recently used first, so that memory is asked of the system only when more
/// is in use than ever before.
///
/// The fence around the memory of caches. `@unchecked Sendable`: rows belong to the one sequence they were given to, and
/// the list of free blocks is under a lock.
package final class KeyValuePool: @unchecked Sendable {
    /// What keys and values are rounded to; sums are Float32.
    package enum Precision: String, CaseIterable, Sendable {
        case float32 = "f32"
        case bfloat16 = "bf16"
        /// With a scale for each head of each position.
        case int8

        var element: ck_element {
            switch self {
            case .float32: CK_F32
            case .bfloat16: CK_BF16
            case .int8: CK_INT8
            }
        }
    }

    /// What decides the size of a row.
    package struct Shape: Sendable {
        /// Decoder layers that keep keys and values under one row number.
        package var layers: Int
        /// Of each layer; keys and values have as many.
        package var heads: Int
        /// Elements of a key, and of a value, of one head.
        package var headWidth: Int
        package var precision: Precision

        package init(layers: Int, heads: Int, headWidth: Int, precision: Precision) {
            self.layers = layers
            self.heads = heads
            self.headWidth = headWidth
            self.precision = precision
        }

        /// Of one position, in all layers.
        package var bytesPerPosition: Int { layers * rowBytes }

        /// Keys and values of one position in one layer.
        package var rowBytes: Int {
            switch precision {
            case .float32: 2 * heads * headWidth * 4
            case .bfloat16: 2 * heads * headWidth * 2
            case .int8: 2 * heads * (headWidth + MemoryLayout<Float>.size)
            }
        }
    }

    package let shape: Shape
    /// Rows there are, a multiple of `blockRows`.
    package let rows: Int
    private let base: UnsafeMutableRawPointer
    private let layerBytes: Int

    private struct Free {
        var returned: [Int32] = []
        /// Blocks from here on were never handed out.
        var untouched = 0
    }

    private let free = Mutex(Free())

    /// Rows handed out together.
    package static let blockRows = Int(CK_CACHE_BLOCK)

    /// The system has no addresses for that much.
    package struct OutOfAddresses: Error, CustomStringConvertible {
        /// What was asked for.
        package let bytes: Int
        package var description: String { "the system has no room for \(bytes) bytes of keys and values" }
    }

    /// Sets addresses for `bytes` aside; memory is used once rows are.
    package init(_ shape: Shape, bytes: Int) throws(OutOfAddresses) {
        self.shape = shape
        rows = max(1, bytes / shape.bytesPerPosition / Self.blockRows) * Self.blockRows
        layerBytes = (rows * shape.rowBytes + 4095) / 4096 * 4096
        let mapping = mmap(
            nil,
            layerBytes * shape.layers,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard let mapping, mapping != MAP_FAILED else {
            throw OutOfAddresses(bytes: bytes)
        }
        base = mapping
    }

    deinit { munmap(base, layerBytes * shape.layers) }

    /// A block nobody has, by its first row.
    ///
    /// - Precondition: fewer than all blocks are taken; whoever admits requests counts them.
    package func takeBlock() -> Int32 {
        free.withLock { free in
            if let block = free.returned.popLast() { return block }
            precondition((free.untouched + 1) * Self.blockRows <= rows, "the pool's \(rows) positions are all taken")
            defer { free.untouched += 1 }
            return Int32(free.untouched * Self.blockRows)
        }
    }

    /// Makes blocks free again, each named by its first row, the first in the list to be taken next.
    ///
    /// Called by any thread, once for each block that was taken; nobody reads the rows from then on.
    package func giveBack(_ blocks: [Int32]) {
        free.withLock { $0.returned.append(contentsOf: blocks.reversed()) }
    }

    /// Blocks that are handed out.
    package var blocksTaken: Int { free.withLock { $0.untouched - $0.returned.count } }

    /// Rounds keys and values, side by side in every row of `source` from `column` on: row `i` into row `targets[i]`.
    package func store(_ source: Matrix, column: Int, layer: Int, at targets: [Int32], on workers: Workers) {
        let count = 2 * shape.heads * shape.headWidth
        precondition(column + count <= source.columns && targets.count == source.rows)
        targets.withUnsafeBufferPointer { targets in
            let work = StoredRows(
                source: source.base + column,
                stride: source.columns,
                cache: cache(layer: layer),
                targets: targets,
                rows: rows
            )
            workers.run(rows: source.rows, columns: count, work)
        }
    }

    func cache(layer: Int) -> ck_cache {
        ck_cache(
            element: shape.precision.element,
            data: base + layer * layerBytes,
            heads: shape.heads,
            width: shape.headWidth
        )
    }
}

private struct StoredRows: RowWork {
    let source: UnsafePointer<Float>
    let stride: Int
    let cache: ck_cache
    let targets: UnsafeBufferPointer<Int32>
    let rows: Int

    func run(row: Int) {
        precondition(targets[row] >= 0 && targets[row] < rows)
        ck_store_cache_row(source + row * stride, cache, targets[row])
    }
}
