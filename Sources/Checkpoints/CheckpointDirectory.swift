private import Foundation
private import Synchronization

/// The weights in a model directory of the Hugging Face layout: one safetensors file, or shards with an index.
///
/// Every header is read and checked at once; tensor bytes are read when used. Any thread may use it.
package final class CheckpointDirectory: WeightSource {
    package let path: String
    package let names: Set<String>
    /// The weight files, by name.
    private let files: [String: SafetensorsFile]
    private let fileOfTensor: [String: String]
    private let used = Mutex<Set<String>>([])

    package init(_ path: String) throws(CheckpointError) {
        self.path = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw .notADirectory(path: path)
        }
        let single = "model.safetensors"
        let index = single + ".index.json"
        if Self.exists(single, in: path) {
            let file = try SafetensorsFile(path: path + "/" + single)
            files = [single: file]
            fileOfTensor = Dictionary(uniqueKeysWithValues: file.names.map { ($0, single) })
        } else if Self.exists(index, in: path) {
            (files, fileOfTensor) = try Self.openShards(index: index, in: path)
        } else {
            throw Self.noWeights(in: path)
        }
        names = Set(fileOfTensor.keys)
    }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let fileName = fileOfTensor[name], let file = files[fileName] else { throw .missingTensor(name: name) }
        let tensor = try file.tensor(named: name)
        used.withLock { _ = $0.insert(file.storedName(name) ?? name) }
        return tensor
    }

    /// The tensors nobody asked for so far, by any of their names, in order.
    ///
    /// After a model is loaded these are what the checkpoint holds and the configuration does not call for.
    package var unusedNames: [String] {
        let stored = files.values.reduce(into: Set<String>()) { $0.formUnion($1.header.entries.keys) }
        return used.withLock { stored.subtracting($0) }.sorted()
    }

    private static func openShards(
        index: String,
        in path: String
    ) throws(CheckpointError) -> ([String: SafetensorsFile], [String: String]) {
        let indexPath = path + "/" + index
        let bytes = try BoundedFile.read(indexPath, limit: ShardIndex.maximumBytes)
        let shards = try ShardIndex(bytes, file: indexPath).shards
        var files: [String: SafetensorsFile] = [:]
        for (name, shard) in shards.sorted(by: { $0.key < $1.key }) {
            if files[shard] == nil {
                guard exists(shard, in: path) else { throw .missingShard(index: indexPath, tensor: name, shard: shard) }
                files[shard] = try SafetensorsFile(path: path + "/" + shard)
            }
            guard let file = files[shard], file.names.contains(name) else {
                throw .notInShard(shard: path + "/" + shard, tensor: name)
            }
        }
        return (files, shards)
    }

    private static func noWeights(in path: String) -> CheckpointError {
        for file in ["pytorch_model.bin", "pytorch_model.bin.index.json"] where exists(file, in: path) {
            return .onlyPyTorchWeights(directory: path, file: file)
        }
        return .noWeights(directory: path)
    }

    private static func exists(_ file: String, in directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/" + file)
    }
}
