import Ranks
import Tensors

extension RankMessage {
    /// Appends all elements of rows without gaps.
    func append(_ rows: FloatRows) { append(bytes: rows.byteCount) { rows.write(to: $0) } }
}

extension RankMessageReader {
    /// Overwrites all elements of rows without gaps with the next of the message.
    mutating func read(into rows: FloatRows, _ name: String) throws(RanksError) {
        rows.read(from: try bytes(rows.byteCount, name))
    }
}
