import Checkpoints
import SwitchModel
import Tensors
import TestSupport
import Testing

/// What stands behind an encoder: everything unknown is refused by file and member.
@Suite struct SentenceModulesTests {
    /// - Parameter change: of a directory that is right.
    private func refusal(_ change: (FixtureCopy) throws -> Void) throws -> String {
        let copy = try FixtureCopy(of: "tiny-sentence-t5")
        try change(copy)
        do {
            _ = try SentenceModules(directory: copy.path, width: 16, on: Workers(threads: 1))
            return "nothing"
        } catch {
            return "\(error)".replacing(copy.path, with: "MODEL")
        }
    }

    @Test func aDirectoryThatIsRightIsFollowed() throws {
        #expect(try refusal { _ in } == "nothing")
        let copy = try FixtureCopy(of: "tiny-switch-encoder")
        #expect(try SentenceModules(directory: copy.path, width: 16, on: Workers(threads: 1)) == nil)
        #expect(try SentenceLayout.transformerDirectory(of: copy.path) == copy.path)
    }

    @Test(arguments: [
        ("[", "modules.json is not the JSON expected"),
        ("{}", "modules.json is not the JSON expected: it is an object, expected an array of modules"),
        ("[7]", "a module is 7, expected an object"),
        (#"[{"path": ""}]"#, "modules.json is not the JSON expected: a module has no 'type'"),
        (#"[{"type": 3, "path": ""}]"#, "'type' in modules.json is 3, expected a string"),
        (#"[{"type": "x.Transformer"}]"#, "the module Transformer has no 'path'"),
        (#"[{"type": "x.Transformer", "path": []}]"#, "'path' in modules.json is an array, expected a string"),
        (
            #"[{"type": "x.Transformer", "path": "../x"}]"#,
            "'path' in modules.json is '../x', which is not supported; expected the name of a directory beside the file"
        ),
        (#"[{"type": "x.Transformer", "path": ".."}]"#, "'path' in modules.json is '..'"),
        (#"[{"type": "x.CNN", "path": ""}]"#, "'type' in modules.json is 'x.CNN', which is not supported"),
        (#"[{"type": "x.Pooling", "path": ""}]"#, "Transformer, Pooling, Dense and Normalize in that order"),
        ("[]", "names no module whose 'type' is Pooling"),
        (#"[{"type": "x.Transformer", "path": ""}]"#, "names no module whose 'type' is Pooling"),
        (
            #"""
            [{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"},
            {"type": "Normalize", "path": ""}, {"type": "Dense", "path": "2_Dense"}]
            """#,
            "'type' in modules.json is 'Dense', which is not supported"
        ),
        (
            #"""
            [{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"},
            {"type": "Dense", "path": "2_Dense"}, {"type": "Dense", "path": "2_Dense"}]
            """#,
            "'type' in modules.json is 'Dense', which is not supported"
        ),
    ])
    func aListOfModulesThatIsWrongIsRefused(json: String, words: String) throws {
        let refusal = try refusal { try $0.write(json, to: "modules.json") }
        #expect(refusal.contains(words), "\(refusal)")
    }

    @Test(arguments: [
        ("[]", "1_Pooling/config.json is not the JSON expected: it is an array, expected an object"),
        ("{", "1_Pooling/config.json is not the JSON expected"),
        ("{}", "neither 'pooling_mode' nor 'pooling_mode_mean_tokens' says how"),
        (
            #"{"pooling_mode": "cls"}"#,
            "'pooling_mode' in 1_Pooling/config.json is 'cls', which is not supported; expected 'mean'"
        ),
        (#"{"pooling_mode": ["mean", "max"]}"#, "'pooling_mode' in 1_Pooling/config.json is 'max'"),
        (#"{"pooling_mode": 1}"#, "'pooling_mode' in 1_Pooling/config.json is 1"),
        (
            #"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#,
            "'pooling_mode_cls_token' in 1_Pooling/config.json is true, which is not supported"
        ),
        (
            #"{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true}"#,
            "'pooling_mode_max_tokens' in 1_Pooling/config.json is true, which is not supported"
        ),
        (#"{"pooling_mode_mean_tokens": "yes"}"#, "'pooling_mode_mean_tokens' in 1_Pooling/config.json is a string"),
        (
            #"{"pooling_mode_mean_tokens": true, "word_embedding_dimension": 768}"#,
            "'word_embedding_dimension' in 1_Pooling/config.json is 768, expected 16 to 16"
        ),
    ])
    func otherPoolingIsRefusedByName(json: String, words: String) throws {
        let refusal = try refusal { try $0.write(json, to: "1_Pooling/config.json") }
        #expect(refusal.contains(words), "\(refusal)")
    }

    @Test(arguments: [
        (
            #""in_features": 16"#, #""in_features": 768"#,
            "'in_features' in 2_Dense/config.json is 768, expected 16 to 16"
        ),
        (#""out_features": 12"#, #""out_features": 0"#, "'out_features' in 2_Dense/config.json is 0"),
        (#""out_features": 12"#, #""out_features": "12""#, "'out_features' in 2_Dense/config.json is a string"),
        (#""out_features": 12,"#, "", "2_Dense/config.json is not the JSON expected: it has no 'out_features'"),
        (
            #""out_features": 12"#, #""out_features": 13"#,
            "tensor 'linear.weight' in 'MODEL/2_Dense/model.safetensors' has shape [12, 16]"
        ),
        (
            #""bias": false"#, #""bias": true"#,
            "'bias' in 2_Dense/config.json is true, which is not supported; expected false"
        ),
        (#""bias": false"#, #""bias": 0"#, "'bias' in 2_Dense/config.json is 0, expected true or false"),
        (
            "torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Tanh",
            "'activation_function' in 2_Dense/config.json is 'torch.nn.modules.activation.Tanh'"
        ),
    ])
    func anotherLayerIsRefusedByName(old: String, new: String, words: String) throws {
        let refusal = try refusal { try $0.replace(old, with: new, in: "2_Dense/config.json") }
        #expect(refusal.contains(words), "\(refusal)")
    }

    @Test(arguments: [
        ("1_Pooling/config.json", "1_Pooling/config.json' cannot be read: there is no such file"),
        ("2_Dense/config.json", "2_Dense/config.json' cannot be read: there is no such file"),
        ("2_Dense/model.safetensors", "'MODEL/2_Dense' has neither model.safetensors nor pytorch_model.bin"),
        ("2_Dense", "2_Dense/config.json' cannot be read: there is no such file"),
    ])
    func aFileThatIsMissingIsNamed(file: String, words: String) throws {
        let refusal = try refusal { try $0.remove(file) }
        #expect(refusal.contains(words), "\(refusal)")
    }

    @Test(arguments: [
        ("sentence_bert_config.json", #"{"do_lower_case": true}"#, "'do_lower_case' in"),
        ("sentence_bert_config.json", #"{"max_seq_length": 0}"#, "'max_seq_length' in"),
        ("tokenizer_config.json", #"{"model_max_length": "x"}"#, "'model_max_length' in"),
        ("config_sentence_transformers.json", #"{"default_prompt_name": "query"}"#, "'default_prompt_name' in"),
    ])
    func whatWouldChangeTextsIsRefused(file: String, json: String, words: String) throws {
        let refusal = try refusal { try $0.write(json, to: file) }
        #expect(refusal.contains(words) && refusal.contains(file), "\(refusal)")
    }

    @Test func noLimitOfTextsIsNone() throws {
        let copy = try FixtureCopy(of: "tiny-sentence-t5")
        try copy.write(#"{"model_max_length": 1000000000000000019884624838656}"#, to: "tokenizer_config.json")
        #expect(try SentenceModules(directory: copy.path, width: 16, on: Workers(threads: 1))?.longestText == nil)
        try copy.write(#"{"max_seq_length": 7}"#, to: "sentence_bert_config.json")
        #expect(try SentenceModules(directory: copy.path, width: 16, on: Workers(threads: 1))?.longestText == 7)
    }
}
