/// Why weights cannot be held in, or compared with, what was asked for.
enum PrecisionError: Error, CustomStringConvertible {
    case noExperts(directory: String)
    case calibrationAlone
    case packedAlready(directory: String)
    case noReference(directory: String)
    case packedLayers(directory: String)
    case otherModel(directory: String, reference: String)
    case expertsShareChunks(directory: String)

    var description: String {
        switch self {
        case .noExperts(let directory): "--expert-weights is given, but '\(directory)' has no experts"
        case .calibrationAlone: "--calibration is given without --expert-weights, and is for experts' weights alone"
        case .packedAlready(let directory): "'\(directory)' is packed already: it was rounded then"
        case .noReference(let directory):
            "'\(directory)' is packed: name the directory it was packed from with --reference"
        case .packedLayers(let directory): "'\(directory)' is packed: --layers is for models that are not"
        case .otherModel(let directory, let reference): "'\(directory)' and '\(reference)' differ in their vocabulary"
        case .expertsShareChunks(let directory):
            "--expert-memory is given, but in '\(directory)' several experts are packed into one chunk, and none can be read "
                + "alone: 'switchyard convert' writes a directory where each can"
        }
    }
}
