private import Foundation
private import Synchronization

/// The weights in a model directory of the Hugging Face layout: one file, or shards with an index.
///
/// Safetensors files are preferred to those of PyTorch. Every header is read and checked at once; tensor bytes are read when used. Any thread may use it.
package final class CheckpointDirectory: WeightSource {
    package let path: String
    package let names: Set<String>
    /// The weight files, by name.
    private let files: [String: any WeightFile]
    private let fileOfTensor: [String: String]
    /// What the weights were packed to, as the writer of a packed file put it; nil for any other.
    package let packing: String?
    private let used = Mutex<Set<String>>([])

    /// Opens the first format there is: a packed file, safetensors, PyTorch; of each a whole file before shards.
    ///
    /// - Throws: for a directory without weights, and for the first file or index that contradicts itself.
    package init(_ path: String) throws(CheckpointError) {
        self.path = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw .notADirectory(path: path)
        }
        guard let format = WeightFormat.allCases.first(where: { Self.exists($0, in: path) }) else {
            throw .noWeights(directory: path)
        }
        if Self.exists(format.fileName, in: path) {
            let file = try format.open(path + "/" + format.fileName)
            packing = format == .packed ? (file as? SafetensorsFile)?.header.metadata[PackedFileWriter.packingKey] : nil
            files = [format.fileName: file]
            fileOfTensor = Dictionary(uniqueKeysWithValues: file.names.map { ($0, format.fileName) })
        } else {
            packing = nil
            (files, fileOfTensor) = try Self.openShards(format, in: path)
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
        let stored = files.values.reduce(into: Set<String>()) { $0.formUnion($1.storedNames) }
        return used.withLock { stored.subtracting($0) }.sorted()
    }

    private static func openShards(
        _ format: WeightFormat,
        in path: String
    ) throws(CheckpointError) -> ([String: any WeightFile], [String: String]) {
        let indexPath = path + "/" + format.indexName
        let bytes = try BoundedFile.read(indexPath, limit: ShardIndex.maximumBytes)
        let shards = try ShardIndex(bytes, file: indexPath, suffix: format.suffix).shards
        var files: [String: any WeightFile] = [:]
        for (name, shard) in shards.sorted(by: { $0.key < $1.key }) {
            if files[shard] == nil {
                guard exists(shard, in: path) else { throw .missingShard(index: indexPath, tensor: name, shard: shard) }
                files[shard] = try format.open(path + "/" + shard)
            }
            guard let file = files[shard], file.names.contains(name) else {
                throw .notInShard(shard: path + "/" + shard, tensor: name)
            }
        }
        return (files, shards)
    }

    /// Whether there is a whole file of this format, or an index of one in shards.
    private static func exists(_ format: WeightFormat, in directory: String) -> Bool {
        exists(format.fileName, in: directory) || exists(format.indexName, in: directory)
    }

    private static func exists(_ file: String, in directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/" + file)
    }
}
