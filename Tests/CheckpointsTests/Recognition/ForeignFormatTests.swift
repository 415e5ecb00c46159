import Checkpoints
import Foundation
import Testing

/// What is named instead of being called no checkpoint at all.
@Suite struct ForeignFormatTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func refusal(_ path: String) -> String {
        do {
            _ = try CheckpointDirectory(path)
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    private func touch(_ files: [String], _ text: String = "x") throws {
        for file in files {
            let url = URL(filePath: directory.path + "/" + file)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
    }

    @Test(arguments: [
        (["state/manifest.ocdbt", "state/_METADATA"], "OCDBT"), (["state/_METADATA"], "of Orbax, which"),
        (["checkpoint_9/state/_METADATA"], "of Orbax, which"),
        (["checkpoint_9.tmp-1234/target.a/.zarray"], "never finished"),
        (["adapter_config.json", "adapter_model.safetensors"], "merge it"), (["model.gguf"], "GGUF"),
        (["mp_rank_00_model_states.pt"], "DeepSpeed"), (["layer_0_expert_1_mp_rank_00_model_states.pt"], "DeepSpeed"),
        (["en_moe_lm_15b-shared.pt", "en_moe_lm_15b-rank-0.pt"], "FairSeq"), (["model.pth"], "labml"),
        (["notes.txt"], "neither"),
    ])
    func directoriesAreNamed(files: [String], word: String) throws {
        try touch(files)
        #expect(refusal(directory.path).contains(word))
    }

    @Test func aDeepSpeedRunIsFoundByItsTag() throws {
        try touch(["global_step5/mp_rank_00_model_states.pt"])
        try touch(["latest"], "global_step5\n")
        #expect(refusal(directory.path).contains("DeepSpeed"))
    }

    @Test func filesAreNamed() throws {
        try touch(["weights"], "GGUF\u{3}...")
        try touch(["m-shared.pt", "other"])
        #expect(refusal(directory.path + "/weights").contains("llama.cpp"))
        #expect(refusal(directory.path + "/m-shared.pt").contains("FairSeq"))
        #expect(refusal(directory.path + "/other").contains("is not a directory"))
    }

    @Test func anIndexOfASaveThatWasNotFinishedIsNotRead() throws {
        try touch(["checkpoint_9.tmp-1234/checkpoint"])
        #expect(refusal(directory.path + "/checkpoint_9.tmp-1234").contains("never finished"))
    }
}
