/// The formats of weight files, the preferred one first.
enum WeightFormat: CaseIterable {
    /// What `PackedFileWriter` writes: a safetensors file of packed matrices.
    case packed
    case safetensors
    case torch

    /// What the file is called when there is only one.
    var fileName: String {
        switch self {
        case .packed: PackedFileWriter.fileName
        case .safetensors: "model.safetensors"
        case .torch: "pytorch_model.bin"
        }
    }

    var indexName: String { fileName + ".index.json" }

    /// What the names of shards end with.
    var suffix: String {
        switch self {
        case .packed: ".packed"
        case .safetensors: ".safetensors"
        case .torch: ".bin"
        }
    }

    func open(_ path: String) throws(CheckpointError) -> any WeightFile {
        try LargeFilePointer.refuse(path)
        switch self {
        case .packed, .safetensors: return try SafetensorsFile(path: path)
        case .torch: return try TorchFile(path: path)
        }
    }
}
