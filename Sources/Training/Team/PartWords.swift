import Ranks
import SwitchModel

/// What ranks tell each other of their parts of a batch, bit for bit.
extension LossSum {
    func write(to message: RankMessage) {
        for value in [negativeLogLikelihood, smoothed, router.balance, router.z] {
            message.append(bits: value.bitPattern)
        }
        message.append(labels)
        message.append(hits)
    }

    init(_ reader: inout RankMessageReader) throws(RanksError) {
        self.init()
        negativeLogLikelihood = try reader.double("loss")
        smoothed = try reader.double("loss")
        router.balance = try reader.double("balance loss")
        router.z = try reader.double("z-loss")
        labels = try reader.integer("labels")
        hits = try reader.integer("hits")
    }
}

extension [LayerRouting] {
    func write(to message: RankMessage) {
        message.append(count)
        for layer in self {
            message.append(layer.stack == .encoder ? 0 : 1)
            message.append(layer.block)
            message.append(layer.tokens.count)
            for tokens in layer.tokens { message.append(tokens) }
            message.append(layer.dropped)
            message.append(bits: layer.gateSum.bitPattern)
        }
    }

    init(_ reader: inout RankMessageReader) throws(RanksError) {
        self.init()
        for _ in 0..<(try reader.integer(below: reader.bytesLeft, "number of layers")) {
            let stack = try reader.integer(below: 2, "stack") == 0 ? SwitchConfiguration.Stack.encoder : .decoder
            let block = try reader.integer("block")
            append(
                LayerRouting(
                    stack: stack,
                    block: block,
                    tokens: try reader.integers("tokens"),
                    dropped: try reader.integer("dropped"),
                    gateSum: try reader.double("gates")
                )
            )
        }
    }
}

extension [BalanceSums] {
    func write(to message: RankMessage) {
        message.append(count)
        for sums in self {
            message.append(sums.rows)
            message.append(sums.wantedFirst.count)
            for wanted in sums.wantedFirst { message.append(wanted) }
            for value in sums.probabilities + sums.gates { message.append(bits: value.bitPattern) }
        }
    }

    init(_ reader: inout RankMessageReader) throws(RanksError) {
        self.init()
        for _ in 0..<(try reader.integer(below: reader.bytesLeft, "number of routers")) {
            let rows = try reader.integer("rows")
            let wanted = try reader.integers("first choices")
            var sums: [Double] = []
            for _ in 0..<2 * wanted.count { sums.append(try reader.double("sum")) }
            append(
                BalanceSums(
                    rows: rows,
                    wantedFirst: wanted,
                    probabilities: Array<Double>(sums.prefix(wanted.count)),
                    gates: Array<Double>(sums.suffix(wanted.count))
                )
            )
        }
    }
}

extension RankMessageReader {
    fileprivate mutating func double(_ name: String) throws(RanksError) -> Double {
        Double(bitPattern: try bits(name))
    }

    /// Numbers behind how many there are.
    fileprivate mutating func integers(_ name: String) throws(RanksError) -> [Int] {
        var numbers: [Int] = []
        for _ in 0..<(try integer(below: bytesLeft, name)) { numbers.append(try integer(name)) }
        return numbers
    }
}
