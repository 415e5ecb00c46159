import Tensors
import Testing

@Suite struct MachineShareDefaultsTests {
    /// With so many processors, and a quota of so many hundredths of one.
    private func threads(processors: Int, quota: Int?) -> Int {
        let tree = FileTree.version2(at: "/", quota.map { ["cpu.max": "\($0 * 1000) 100000"] } ?? [:])
        let machine = FileTree(tree.files.merging(["/sys/devices/system/cpu/online": "0-4095"]) { $1 })
        return machine.withAffinity("0-\(processors - 1)").share.threads
    }

    @Test(
        arguments: [
            (2, nil, 2), (2, 100, 1), (2, 150, 2), (2, 149, 1), (2, 200, 2), (2, 350, 2), (64, 350, 4), (64, 340, 3),
            (64, 250, 3), (64, 50, 1), (64, 10, 1), (1, 400, 1), (96, nil, 96), (4096, nil, 1024),
            (4096, 300_000, 1024),
        ] as [(Int, Int?, Int)]
    )
    func threadsAreWhatTheQuotaComesNearestTo(processors: Int, quota: Int?, threads: Int) {
        #expect(self.threads(processors: processors, quota: quota) == threads)
    }

    @Test func aQuotaBeyondAllNumbersOfThreadsIsNone() {
        let tree = FileTree.version2(at: "/", ["cpu.max": "9223372036854775807 1"])
        #expect(tree.share.threads == 8)
        #expect(tree.share.usableProcessors == 8)
    }

    private func share(memory: Int?) -> MachineShare {
        guard let memory else { return MachineShare(processorCount: 1) { _ in nil } }
        return FileTree.version2(at: "/", ["memory.max": "\(memory)"]).share
    }

    /// In MiB: the limit, the weights, and what is left for keys and values.
    @Test(
        arguments: [
            (nil, 100, 4096), (15_000, 1000, 4096), (8192, 1000, 4096), (4096, 1000, 2584), (2048, 500, 1036),
            (1024, 100, 668),
            (512, 60, 324), (512, 384, 64), (512, 100_000, 64), (8192, 7900, 1024), (2, 0, 1), (1, 0, 1),
            (4096, -5, 3584),
        ] as [(Int?, Int, Int)]
    )
    func cachesGetWhatWeightsLeave(limit: Int?, weights: Int, cache: Int) {
        #expect(share(memory: limit.map { $0 << 20 }).cacheBytes(besideWeights: weights << 20) == cache << 20)
    }

    @Test func weightsOfAnySizeLeaveSomething() {
        for weights in [Int.max, .min, 0] {
            for memory in [1, 4095, 1 << 40, (1 << 60) - 1] {
                #expect(1 << 20...4 << 30 ~= share(memory: memory).cacheBytes(besideWeights: weights))
            }
        }
    }

    @Test(arguments: [(nil, 256), (15_000, 256), (4096, 256), (2048, 128), (512, 32), (64, 16)] as [(Int?, Int)])
    func bodiesGetASixteenth(limit: Int?, bodies: Int) {
        #expect(share(memory: limit.map { $0 << 20 }).bodyBytes(in: 16 << 20...256 << 20) == bodies << 20)
    }
}
