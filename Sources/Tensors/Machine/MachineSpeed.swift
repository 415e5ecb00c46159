import CKernels

/// How fast this machine reads memory and multiplies, on the threads that products run on.
///
/// Machines are shared and memory has slow and fast minutes: what is compared with these is measured right beside them.
package struct MachineSpeed {
    private let workers: Workers
    private let memory: Matrix

    private static let tileBytes = 1 << 20
    private static let tiles = 256

    /// Writes to 256 MiB, so that reading them reads memory.
    package init(workers: Workers) {
        self.workers = workers
        memory = Matrix(rows: Self.tiles, columns: Self.tileBytes / MemoryLayout<Float>.size)
        memory.scale(by: 0)
    }

    /// Bytes per second, in one pass over 256 MiB.
    package func readBandwidth() -> Double {
        let seconds = Self.seconds {
            workers.forEach(Self.tiles) { tile, _ in
                _ = ck_read_memory(memory.base + tile * memory.columns, Self.tileBytes)
            }
        }
        return Double(Self.tiles * Self.tileBytes) / seconds
    }

    /// Operations per second in registers, a multiplication and an addition counting as two.
    ///
    /// nil when a thread came too late for its share, so that another did the work of two: that says nothing of all.
    package func arithmetic(_ precision: WeightPrecision) -> Double? {
        let steps = 50_000
        // Wakes them.
        workers.forEach(workers.threads) { _, _ in _ = ck_run_arithmetic(precision.inputElement, steps / 50) }
        // By tile: what was done, and by which thread. No two threads write the same place.
        var shares = [(operations: UInt64, thread: Int)](repeating: (0, 0), count: workers.threads)
        let seconds = shares.withUnsafeMutableBufferPointer { shares in
            nonisolated(unsafe) let shares = shares
            return Self.seconds {
                workers.forEach(workers.threads) { tile, thread in
                    shares[tile] = (ck_run_arithmetic(precision.inputElement, steps), thread)
                }
            }
        }
        guard Set(shares.map(\.thread)).count == workers.threads else { return nil }
        return Double(shares.reduce(0) { $0 + $1.operations }) / seconds
    }

    private static func seconds(_ body: () -> Void) -> Double {
        let start = ContinuousClock.now
        body()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
