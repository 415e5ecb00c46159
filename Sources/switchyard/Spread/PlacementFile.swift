import Checkpoints
import JSON
import SwitchModel

/// A file that says which rank has which expert: `{"owners": [[0, 0, 1, 1], …]}`, a list for each sparse layer, those of the
/// encoder first, with the rank of each expert, or its ranks.
enum PlacementFile {
    private static let maximumBytes = 64 << 20

    /// - Throws: `PlacementFileError`, naming the file and what is wrong with it.
    static func read(
        _ path: String,
        layers: Int,
        experts: Int,
        ranks: Int
    ) throws(PlacementFileError) -> ExpertPlacement {
        guard let bytes = try? BoundedFile.read(path, limit: maximumBytes) else {
            throw PlacementFileError(path: path, reason: "it must be a readable file of at most \(maximumBytes) bytes")
        }
        do {
            let owners = try owners(JSONParser.parse(bytes))
            return try ExpertPlacement(owners: owners, layers: layers, experts: experts, ranks: ranks)
        } catch {
            throw PlacementFileError(path: path, reason: "\(error)")
        }
    }

    private static func owners(_ value: JSONValue) throws -> [[[Int]]] {
        guard case .object(let members) = value, case .array(let layers)? = members["owners"] else {
            throw Malformed.owners
        }
        return try layers.map { layer in
            guard case .array(let experts) = layer else { throw Malformed.owners }
            return try experts.map { expert in
                switch expert {
                case .integer(let rank): return [rank]
                case .array(let ranks):
                    return try ranks.map { rank in
                        guard case .integer(let rank) = rank else { throw Malformed.owners }
                        return rank
                    }
                default: throw Malformed.owners
                }
            }
        }
    }

    private enum Malformed: Error, CustomStringConvertible {
        case owners

        var description: String { "'owners' must be an array, for each sparse layer, of an array of ranks or of lists" }
    }
}

/// What is wrong with a file of a placement.
struct PlacementFileError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String { "\(path) is no placement of this model's experts: \(reason)" }
}
