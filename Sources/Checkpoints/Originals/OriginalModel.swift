private import Foundation

/// A checkpoint as its makers left it: in another layout than Hugging Face's, under the names of that.
package struct OriginalModel: Sendable {
    /// Who wrote it.
    package enum Layout: String, Sendable {
        case t5x = "T5X"
        case meshTensorFlow = "Mesh TensorFlow"
    }

    package let layout: Layout
    /// Of every tensor, by its name in the Hugging Face layout.
    package let shapes: [String: [Int]]
    /// What was set for the run that trained it, where its file is beside the checkpoint.
    package let settings: GinFile?
    /// Whether reading one expert unpacks others, too.
    package let expertsShareChunks: Bool
    /// Where its index is: the model directory or one below it.
    package let directory: String
    let file: any WeightFile
    let fileName: String

    /// nil for a directory that holds neither layout.
    ///
    /// - Throws: for an index that contradicts itself, and for parameters that no model read here has.
    init?(directory: String) throws(CheckpointError) {
        if let found = try T5XDirectory(directory) {
            let checkpoint = try T5XCheckpoint.open(found.checkpoint)
            self.init(.t5x, checkpoint, file: T5XDirectory.indexName, at: found.checkpoint, settings: found.settings)
            return
        }
        guard let found = try MeshDirectory(directory) else { return nil }
        let bundle = try TensorBundle(prefix: found.prefix)
        let tensors = NamedArrays(SharedBiases.merged(try MeshNames(bundle, settings: found.settings).tensors()))
        let index = found.prefix.split(separator: "/").last.map { $0 + ".index" } ?? ""
        self.init(.meshTensorFlow, tensors, file: index, at: found.directory, settings: found.settings)
    }

    private init(_ layout: Layout, _ tensors: NamedArrays, file: String, at directory: String, settings: GinFile?) {
        (self.layout, self.directory) = (layout, directory)
        (self.file, fileName, self.settings) = (tensors, file, settings)
        shapes = tensors.shapes
        expertsShareChunks = tensors.expertsShareChunks
    }
}
