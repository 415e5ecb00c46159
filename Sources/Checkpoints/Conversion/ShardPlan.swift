package import Foundation

/// How tensors are dealt out to safetensors files: in the order of their names, each file filled up to a limit.
///
/// The same tensors give the same files, so that what was interrupted can go on.
package struct ShardPlan {
    /// One tensor, by the name it gets and the name it has.
    package struct Tensor {
        package let name: String
        package let source: String
        /// Row-major, as its source's.
        package let shape: [Int]
        package let type: SafetensorsWriter.StoredType

        package init(_ name: String, from source: String, _ shape: [Int], _ type: SafetensorsWriter.StoredType) {
            (self.name, self.source, self.shape, self.type) = (name, source, shape, type)
        }

        fileprivate var entry: SafetensorsWriter.Entry { .init(name, shape, type) { [] } }

        /// As it is written.
        package var byteCount: Int { entry.byteCount }
    }

    /// One file.
    package struct Shard {
        package let fileName: String
        package let tensors: [Tensor]

        /// What the file begins with.
        package var header: Data { SafetensorsWriter.header(of: tensors.map(\.entry)) }
    }

    package let shards: [Shard]

    /// What a file holds at most, where no tensor has more; as transformers cuts.
    package static let shardBytes = 5_000_000_000

    /// - Parameter limit: bytes of a file.
    package init(_ tensors: [Tensor], limit: Int = Self.shardBytes) {
        var groups: [[Tensor]] = [[]]
        var bytes = 0
        for tensor in tensors.sorted(by: { $0.name < $1.name }) {
            if bytes > 0, bytes + tensor.byteCount > limit {
                groups.append([])
                bytes = 0
            }
            groups[groups.count - 1].append(tensor)
            bytes += tensor.byteCount
        }
        let count = Self.digits(groups.count)
        shards = groups.enumerated().map { index, tensors in
            let name = groups.count == 1 ? "model" : "model-\(Self.digits(index + 1))-of-\(count)"
            return Shard(fileName: name + ".safetensors", tensors: tensors)
        }
    }

    private static func digits(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
    }

    /// Of all tensors.
    package var byteCount: Int { shards.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.byteCount } } }

    /// Which file has which tensor, as `model.safetensors.index.json`; nil for a single file, which needs none.
    package var index: [String: String]? {
        guard shards.count > 1 else { return nil }
        return shards.reduce(into: [:]) { map, shard in
            for tensor in shard.tensors { map[tensor.name] = shard.fileName }
        }
    }
}
