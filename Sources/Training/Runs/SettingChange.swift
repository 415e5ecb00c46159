import Foundation

/// A setting that is another than the run had before, as it is told, logged and kept.
package struct SettingChange: Equatable, Sendable, Codable {
    /// The flag of `train` that says it.
    package var flag: String
    package var from: String
    package var to: String

    /// What may become of a setting when a run goes on.
    package enum Rule: Equatable, Sendable {
        /// What a checkpoint holds, or what its place in the data means, hangs on it.
        case fixed(String)
        /// Decides the weights, and so has to be asked for.
        case asked
        /// Decides only what is written, or how much memory that takes.
        case free
    }

    /// The settings that differ, in the order of their flags, and what may become of each.
    package static func all(
        _ old: TrainingSettings,
        _ new: TrainingSettings
    ) throws -> [(change: SettingChange, rule: Rule)] {
        let (before, after) = (try flat(old), try flat(new))
        var found: [String: (SettingChange, Rule)] = [:]
        for key in Set(before.keys).union(after.keys).sorted() where before[key] != after[key] {
            let (flag, rule) = meaning(of: key)
            let change = SettingChange(flag: flag, from: before[key] ?? "none", to: after[key] ?? "none")
            // One flag may set several: the first speaks for all, but a fixed one before others.
            if case .fixed = rule {
                found[flag] = (change, rule)
            } else if found[flag] == nil {
                found[flag] = (change, rule)
            }
        }
        if (old.averageDecay == nil) != (new.averageDecay == nil) { found["--average"]?.1 = .fixed("average") }
        return found.sorted { $0.key < $1.key }.map { ($1.0, $1.1) }
    }

    private static func meaning(of key: String) -> (flag: String, rule: Rule) {
        let top = String(key.prefix { $0 != "." })
        if let setting = fixed[key] ?? fixed[top] { return (flags[key] ?? "--" + top, .fixed(setting)) }
        let name = key.split(separator: ".").last.map(String.init) ?? key
        return (flags[key] ?? "--" + hyphened(name), free.contains(key) ? .free : .asked)
    }

    private static let fixed = [
        "model": "model", "seed": "seed", "optimizer.kind": "optimizer", "precision": "precision",
        "batchTokens": "batch size", "accumulation": "batch size", "workers": "number of workers",
        "start": "model to begin with", "frozen": "choice of what is learnt",
    ]

    private static let free: Set = ["validateEvery", "saveEvery", "logEvery", "keep", "recomputes"]

    /// Of settings whose flags are called otherwise.
    private static let flags = [
        "learningRate.peak": "--learning-rate", "learningRate.floor": "--decay-floor",
        "learningRate.lastStep": "--steps",
        "optimizer.maximumNorm": "--clip", "regularization.attentionDropout": "--dropout",
        "regularization.feedForwardDropout": "--dropout", "regularization.balanceLoss": "--balance-kind",
        "regularization.balance": "--balance-loss", "regularization.routerZ": "--z-loss", "averageDecay": "--average",
        "maximumSeconds": "--max-minutes", "recomputes": "--recompute", "optimizer.kind": "--optimizer",
        "start.directory": "--from", "start.fingerprint": "--from", "start.upcycling.experts": "--upcycle-experts",
        "frozen": "--freeze",
        "health.notFinite": "--on-not-finite", "health.exploding": "--on-exploding", "health.diverged": "--on-diverged",
        "health.vanishing": "--on-vanishing", "health.collapsedRouting": "--on-collapsed-routing",
        "health.overfitting": "--on-overfitting",
    ]

    private static func hyphened(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
    }

    /// Every setting by its path; lists as one value.
    private static func flat(_ settings: TrainingSettings) throws -> [String: String] {
        let json = try JSONSerialization.jsonObject(with: JSONEncoder.ofRuns().encode(settings))
        var values: [String: String] = [:]
        func visit(_ value: Any, _ path: String) {
            guard let members = value as? [String: Any] else {
                values[path] = (value as? [Any]).map { $0.map { "\($0)" }.joined(separator: ",") } ?? "\(value)"
                return
            }
            for (name, value) in members { visit(value, path.isEmpty ? name : "\(path).\(name)") }
        }
        visit(json, "")
        return values
    }
}

extension SettingChange: CustomStringConvertible {
    package var description: String { "\(flag) is \(to), was \(from)" }
}
