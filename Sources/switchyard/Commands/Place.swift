import ArgumentParser
import Foundation
import JSON
import SwitchModel

/// Makes a placement of experts of the load that a server saw.
struct Place: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Places experts on ranks by their load.",
        discussion: "Reads what GET /v1/experts of all servers answers and writes a file for serve --placement."
    )

    private static let maximumBytes = 256 << 20

    @Argument(help: "Files with the answers of GET /v1/experts, one of each rank that serves; - for standard input.")
    var loads = ["-"]

    @Option(help: "How many ranks there will be.")
    var ranks: Int

    @Option(help: "How many experts of each layer every rank has beside its share: copies of the heaviest.")
    var copies = 0

    func validate() throws {
        try Limit.check("--ranks", ranks, in: 1...4096)
        try Limit.check("--copies", copies, in: 0...4096)
    }

    func run() throws {
        let placement = ExpertPlacement(loads: try sum(), ranks: ranks, copies: copies)
        let layers = placement.owners.map { "[\($0.map(Self.text).joined(separator: ", "))]" }
        print("{\"owners\": [\n  \(layers.joined(separator: ",\n  "))\n]}")
    }

    /// Tokens of each expert, by sparse layer, over all files.
    private func sum() throws -> [[Int]] {
        var sum: [[Int]]?
        for load in loads {
            let file = load == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: load))
            guard let data = try file.read(upToCount: Self.maximumBytes + 1), data.count <= Self.maximumBytes else {
                throw ExpertLoadError(file: load, reason: "it must have 1 to \(Self.maximumBytes) bytes")
            }
            let next = try Self.loads([UInt8](data), file: load)
            guard let before = sum else {
                sum = next
                continue
            }
            guard before.map(\.count) == next.map(\.count) else {
                throw ExpertLoadError(file: load, reason: "it is of another model than \(loads[0])")
            }
            sum = zip(before, next).map { zip($0, $1).map { $0 &+ $1 < 0 ? .max : $0 &+ $1 } }
        }
        return sum ?? []
    }

    /// The one rank of an expert, or a list of them.
    private static func text(_ owners: [Int]) -> String {
        owners.count == 1 ? "\(owners[0])" : "[\(owners.map(String.init).joined(separator: ", "))]"
    }

    /// Tokens of each expert, by sparse layer, those of the encoder first.
    private static func loads(_ bytes: [UInt8], file: String) throws -> [[Int]] {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw ExpertLoadError(file: file, reason: "\(error)")
        }
        guard case .object(let members) = value else {
            throw ExpertLoadError(file: file, reason: "it must be an object")
        }
        return try ["encoder", "decoder"].flatMap { stack in
            guard case .array(let layers)? = members[stack] else {
                throw ExpertLoadError(file: file, reason: "'\(stack)' must be an array of layers")
            }
            return try layers.enumerated().map { index, layer in
                guard case .object(let layer) = layer, case .object(let total)? = layer["total"],
                    case .array(let tokens)? = total["tokens"]
                else {
                    throw ExpertLoadError(file: file, reason: "'\(stack).\(index).total.tokens' must be an array")
                }
                return try tokens.map { tokens in
                    guard case .integer(let count) = tokens, count >= 0 else {
                        let reason = "'\(stack).\(index).total.tokens' must be of whole numbers from 0 on"
                        throw ExpertLoadError(file: file, reason: reason)
                    }
                    return count
                }
            }
        }
    }
}

/// What is wrong with a load of experts.
struct ExpertLoadError: Error, CustomStringConvertible {
    let file: String
    let reason: String

    var description: String {
        "\(file == "-" ? "standard input" : file) is not what GET /v1/experts answers: \(reason)"
    }
}
