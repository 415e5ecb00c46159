private import Foundation
private import Synchronization

/// The weights in a model directory of the Hugging Face layout: one file, or shards with an index; or in a checkpoint of
/// T5X or Mesh TensorFlow, under the names they have in that layout.
///
/// Safetensors files are preferred to those of PyTorch. Every header is read and checked at once; tensor bytes are read when used. Any thread may use it.
package final class CheckpointDirectory: WeightSource {
    package let path: String
    package let names: Set<String>
    /// `names`, and what the index of shards names beside: a model is as large as that says, though a file lack a layer.
    package let claimedNames: Set<String>
    /// The weight files, in order.
    private let files: [(name: String, file: any WeightFile)]
    /// Where in `files` a tensor is: in the last one that holds it, as in transformers 5.23.0.
    private let fileOfTensor: [String: Int]
    /// What the weights were packed to, as the writer of a packed file put it; nil for any other.
    package let packing: String?
    /// What the directory holds if it is not of the Hugging Face layout.
    package let original: OriginalModel?
    private let used = Mutex<Set<String>>([])

    /// Opens the first format there is: a packed file, safetensors, PyTorch, of each a whole file before shards; then T5X, then
    /// Mesh TensorFlow.
    ///
    /// - Throws: for a directory without weights, for one that is recognised as something else, and for the first file or index that contradicts itself.
    package init(_ path: String) throws(CheckpointError) {
        self.path = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            if let format = ForeignFormat(file: path) { throw .foreign(path: path, format) }
            throw .notADirectory(path: path)
        }
        let format = WeightFormat.allCases.first { Self.exists($0, in: path) }
        original = format == nil ? try OriginalModel(directory: path) : nil
        if let original {
            packing = nil
            files = [(original.fileName, original.file)]
            claimedNames = original.file.names
            fileOfTensor = Dictionary(uniqueKeysWithValues: claimedNames.map { ($0, 0) })
            names = claimedNames
            return
        }
        guard let format else {
            if let format = ForeignFormat(directory: path) { throw .foreign(path: path, format) }
            throw .noWeights(directory: path)
        }
        if Self.exists(format.fileName, in: path) {
            let file = try format.open(path + "/" + format.fileName)
            packing = format == .packed ? (file as? SafetensorsFile)?.header.metadata[PackedFileWriter.packingKey] : nil
            files = [(format.fileName, file)]
            claimedNames = file.names
        } else {
            packing = nil
            let index: ShardIndex
            (files, index) = try Self.openShards(format, in: path)
            claimedNames = files.reduce(into: index.tensors) { $0.formUnion($1.file.names) }
        }
        fileOfTensor = Dictionary(
            files.indices.flatMap { [files] number in files[number].file.names.map { ($0, number) } },
            uniquingKeysWith: { $1 }
        )
        names = Set(fileOfTensor.keys)
    }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let file = fileOfTensor[name].map({ files[$0].file }) else {
            throw .missingTensor(name: name, files: files.map { path + "/" + $0.name })
        }
        let tensor = try file.tensor(named: name)
        used.withLock { _ = $0.insert(file.storedName(name) ?? name) }
        return tensor
    }

    /// The tensors nobody asked for so far, by any of their names, in order.
    ///
    /// After a model is loaded these are what the checkpoint holds and the configuration does not call for.
    package var unusedNames: [String] {
        let stored = files.reduce(into: Set<String>()) { $0.formUnion($1.file.storedNames) }
        return used.withLock { stored.subtracting($0) }.sorted()
    }

    /// Opens the set of files that the index, which is returned, too, names.
    private static func openShards(
        _ format: WeightFormat,
        in path: String
    ) throws(CheckpointError) -> ([(name: String, file: any WeightFile)], ShardIndex) {
        let indexPath = path + "/" + format.indexName
        let bytes = try BoundedFile.read(indexPath, limit: ShardIndex.maximumBytes)
        let index = try ShardIndex(bytes, file: indexPath, suffix: format.suffix)
        let files = try index.shards.map { name, tensor throws(CheckpointError) in
            guard exists(name, in: path) else { throw .missingShard(index: indexPath, tensor: tensor, shard: name) }
            return (name: name, file: try format.open(path + "/" + name))
        }
        return (files, index)
    }

    /// Whether there is a whole file of this format, or an index of one in shards.
    private static func exists(_ format: WeightFormat, in directory: String) -> Bool {
        exists(format.fileName, in: directory) || exists(format.indexName, in: directory)
    }

    private static func exists(_ file: String, in directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/" + file)
    }
}
