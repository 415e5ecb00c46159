import Checkpoints
import Foundation
import Testing

@Suite struct HostileFileTests {
    @Test(arguments: WeightFiles.hostile.keys.sorted())
    func isRefusedForWhatItIs(name: String) throws {
        let file = WeightFiles.path("Hostile/\(name).bin")
        let error = #expect(throws: CheckpointError.self) {
            let file = try TorchFile(path: file)
            for name in file.names { _ = try file.tensor(named: name) }
        }
        let message = WeightFiles.hostile[name]?.replacingOccurrences(of: "{file}", with: file)
        #expect(error?.description == message)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/owned"))
    }
}
