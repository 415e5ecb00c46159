import ArgumentParser
import Foundation

/// Lets every flag also be an environment variable: `SWITCHYARD_PORT` for `--port`.
///
/// The flag wins.
enum EnvironmentFlags {
    private static let prefix = "SWITCHYARD_"

    /// The arguments this process was called with, and those its environment adds.
    static var arguments: [String] {
        merged(Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
    }

    /// Appends to `arguments` the flags of their sub-command that only the environment gives.
    ///
    /// A flag that may be repeated takes its values from one variable, separated by commas.
    static func merged(_ arguments: [String], environment: [String: String]) -> [String] {
        guard let name = arguments.first, environment.keys.contains(where: { $0.hasPrefix(prefix) }) else {
            return arguments
        }
        let given = Set(
            arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }.map {
                String($0.dropFirst(2).prefix { $0 != "=" })
            }
        )
        var added: [String] = []
        for flag in flags(of: name) where !given.contains(flag.name) {
            guard let value = environment[variable(flag.name)], !value.isEmpty, !isServiceLink(value) else { continue }
            added += flag.arguments(value)
        }
        guard let end = arguments.firstIndex(of: "--") else { return arguments + added }
        return Array(arguments[..<end]) + added + arguments[end...]
    }

    /// The variable of a flag, whose name is without its dashes.
    static func variable(_ flag: String) -> String { prefix + flag.uppercased().replacing("-", with: "_") }

    /// Whether a flag given again replaces what was given before: it has a value, and only one.
    static func replaces(_ name: String, of command: String) -> Bool {
        flags(of: command).contains { $0.name == name && $0.kind == "option" && !$0.isRepeating }
    }

    /// Whether a value is what Kubernetes sets in every pod near a service of this name: `SWITCHYARD_PORT=tcp://10.0.0.1:80`.
    private static func isServiceLink(_ value: String) -> Bool {
        ["tcp://", "udp://", "sctp://"].contains(where: value.hasPrefix)
    }

    /// What the parser says of itself.
    private struct Description: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Flag]?
        }

        var command: Command
    }

    private struct Flag: Decodable {
        struct Name: Decodable {
            var name: String
        }

        /// `option`, `flag`, which has no value, or `positional`.
        var kind: String
        var isRepeating: Bool
        var preferredName: Name?

        var name: String { preferredName?.name ?? "" }

        func arguments(_ value: String) -> [String] {
            switch (kind, value) {
            case ("flag", "true"), ("flag", "1"): ["--\(name)"]
            case ("flag", "false"), ("flag", "0"): []
            // Of a flag the parser says what it thinks of a value.
            default: (isRepeating ? value.split(separator: ",").map(String.init) : [value]).map { "--\(name)=\($0)" }
            }
        }
    }

    /// Those that only ask for something to be printed are no settings.
    private static func flags(of command: String) -> [Flag] {
        let description = try? JSONDecoder().decode(Description.self, from: Data(Switchyard._dumpHelp().utf8))
        let found = description?.command.subcommands?.first { $0.commandName == command }
        return (found?.arguments ?? []).filter { $0.kind != "positional" && !["help", "version"].contains($0.name) }
    }
}
