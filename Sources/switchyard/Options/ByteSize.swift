import ArgumentParser

/// A number of bytes given as `4G`, `512M`, `64K` or plain.
struct ByteSize: ExpressibleByArgument {
    /// More than 0 where it was given as a flag.
    let bytes: Int

    init(bytes: Int) {
        self.bytes = bytes
    }

    /// Reads a whole number and perhaps a unit, powers of 1024; nil for anything else, for 0 and for more than an `Int`
    /// holds.
    init?(argument: String) {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let factor = argument.last.flatMap { units[Character($0.uppercased())] }
        guard let number = Int(factor == nil ? argument : String(argument.dropLast())), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String {
        bytes % (1 << 30) == 0 ? "\(bytes >> 30)G" : "\(bytes >> 20)M"
    }
}
