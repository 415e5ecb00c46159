import Checkpoints
import Testing

@Suite struct MalformedFileTests {
    @Test(arguments: WeightFiles.malformed.keys.sorted())
    func isRefusedForWhatItIs(name: String) throws {
        let file = WeightFiles.path("Malformed/\(name).bin")
        let error = #expect(throws: CheckpointError.self) {
            let file = try TorchFile(path: file)
            for name in file.names { _ = try file.tensor(named: name) }
        }
        let message = WeightFiles.malformed[name]?.replacing("{file}", with: file)
        #expect(error?.description == message)
    }
}
