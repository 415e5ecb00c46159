import ArgumentParser
import Foundation

/// The program: reads flags and environment, wires the targets together, and turns errors into exit statuses.
@main
struct Switchyard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchyard",
        abstract: "Serves Switch Transformer checkpoints on ordinary CPUs.",
        version: BuildInformation.version,
        subcommands: [
            Serve.self, Generate.self, Inspect.self, Bench.self, Accuracy.self, Pack.self, Train.self, Sweep.self,
            Convert.self,
            Evaluate.self, Place.self, Exchange.self,
        ]
    )

    /// Exit status: 0 after success, 2 for bad arguments, 1 for anything else, with one sentence on standard error.
    static func main() async {
        openStandardStreams()
        var command: any ParsableCommand
        do {
            command = try parseAsRoot(EnvironmentFlags.arguments)
        } catch {
            leave(parsing: error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch let error where [.success, .validationFailure].contains(exitCode(for: error)) {
            leave(parsing: error)
        } catch {
            complain("\(error)")
            Foundation.exit(1)
        }
    }

    /// Puts `/dev/null` where the caller closed a standard stream.
    ///
    /// Else the next file opened, a socket even, would have its number and take what is printed.
    private static func openStandardStreams() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
    }

    private static func leave(parsing error: any Error) -> Never {
        guard exitCode(for: error) != .success else {
            print(fullMessage(for: error))
            Foundation.exit(0)
        }
        complain(fullMessage(for: error))
        Foundation.exit(2)
    }

    private static func complain(_ message: String) {
        try? FileHandle.standardError.write(contentsOf: Data("\(message)\n".utf8))
    }
}
