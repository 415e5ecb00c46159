import ArgumentParser
import Generation

/// The flags of commands that answer prompts.
struct GenerationOptions: ParsableArguments {
    @Option(
        help:
            "Who speaks where a request does not: model follows generation_config.json, and else is greedy with an encoder; openai draws at temperature 1."
    )
    var generationDefaults = AskedStrategy.Speaker.model
}

extension AskedStrategy.Speaker: ExpressibleByArgument {}
