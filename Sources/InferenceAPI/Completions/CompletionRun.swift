import Generation
import Telemetry

/// One accepted completion request: turns the engine's events into the parts of its choices.
struct CompletionRun: Sendable {
    let identity: AnswerIdentity
    let model: ServedModel
    let parameters: CompletionParameters
    let submission: Submission
    /// When the submission was made.
    let submitted: ContinuousClock.Instant
    /// Of the key it was asked with, if the server needs one.
    let permit: KeyPermit?
    let entry: RunningAnswer
    let trace: RequestTrace

    /// Hands out the parts of all choices as they become certain, each with what was used by then, and says at the end
    /// what was used.
    ///
    /// - Parameter takeStep: gets the steps of a beam search whose request asked for them.
    /// - Throws: `APIError` when the engine fails, or what `take` and `takeStep` throw.
    func forEachPart(
        _ take: (CompletionChoice, Usage) async throws -> Void,
        takeStep: (BeamStep) async throws -> Void = { _ in }
    ) async throws -> Usage {
        var progress = makeProgress()
        var encoderRoutes = [[TokenRoute]](repeating: [], count: parameters.prompts.count)
        return try await forEachEvent { prompt, event, account in
            switch event {
            case .encoded(let routes, _):
                encoderRoutes[prompt] = routes
                permit?.use(parameters.prompts[prompt].tokens.count)
            case .token(let token):
                let index = prompt * parameters.choices + token.choice
                if !progress[index].isScoringPrompt {
                    permit?.use(1)
                    account.answered()
                }
                if let part = progress[index].append(token) { try await take(part, account.usageSoFar) }
            case .finished(let finished):
                let index = prompt * parameters.choices + finished.choice
                let part = progress[index].finish(finished, encoderRoutes: encoderRoutes[prompt])
                account.finished(part.finishReason)
                try await take(part, account.usageSoFar)
            case .beamStep(let step): try await takeStep(step)
            case .embedding, .scores, .completed, .failed: break
            }
        }
    }

    /// Hands out what the engine says until all prompts are done, and writes down how the run went.
    ///
    /// - Returns: what was used.
    /// - Throws: `APIError` when the engine fails, or what `take` throws.
    func forEachEvent(_ take: (Int, GenerationEvent, inout RunAccount) async throws -> Void) async throws -> Usage {
        defer { entry.end() }
        var account = RunAccount(promptTokens: parameters.promptTokens, submitted: submitted)
        do {
            var openPrompts = parameters.prompts.count
            try await submission.forEachEvent { prompt, event in
                let event = withoutPrompt(event, prompt)
                account.record(event, of: prompt)
                switch event {
                case .completed: openPrompts -= 1
                case .failed(.cancelled) where !Task.isCancelled: throw APIError.cancelled
                case .failed(let failure): throw APIError.generation(failure)
                default: break
                }
                try await take(prompt, event, &account)
            }
            guard openPrompts == 0 else { throw APIError.generation(.cancelled) }
            account.close(nil, in: trace)
            return account.usage
        } catch {
            var failure = GenerationFailure.cancelled
            if case .generation(let found)? = error as? APIError { failure = found }
            account.close(failure, in: trace)
            throw error
        }
    }

    /// What is told of the end of a choice, without the prompt's own tokens where these were scored.
    private func withoutPrompt(_ event: GenerationEvent, _ prompt: Int) -> GenerationEvent {
        guard parameters.output.scoresPrompt, case .finished(var choice) = event else { return event }
        choice.tokens.removeFirst(parameters.prompts[prompt].tokens.count - 1)
        return .finished(choice)
    }

    /// All choices, complete, in order.
    func choices() async throws(APIError) -> (choices: [CompletionChoice], usage: Usage) {
        try await whole {
            var choices = (0..<(parameters.prompts.count * parameters.choices)).map { CompletionChoice(index: $0) }
            let usage = try await forEachPart { part, _ in choices[part.index].append(part) }
            return (choices, usage)
        }
    }

    /// Embeddings of all prompts, in order.
    func embeddings() async throws(APIError) -> [[Float]] {
        try await whole {
            var embeddings = [[Float]](repeating: [], count: parameters.prompts.count)
            _ = try await forEachEvent { prompt, event, _ in
                guard case .embedding(let elements) = event else { return }
                embeddings[prompt] = elements
                permit?.use(parameters.prompts[prompt].tokens.count)
            }
            return embeddings
        }
    }

    /// The scores after all prompts, in order, and what was used: a token that was scored counts as one of the answer.
    func scores() async throws(APIError) -> (scores: [PromptScores], usage: Usage) {
        try await whole {
            var scores = [PromptScores](
                repeating: PromptScores(labels: [], continuations: []),
                count: parameters.prompts.count
            )
            let usage = try await forEachEvent { prompt, event, _ in
                guard case .scores(let found) = event else { return }
                scores[prompt] = found
                let tokens = found.continuations.reduce(0) { $0 + $1.count }
                permit?.use(parameters.prompts[prompt].tokens.count + tokens)
            }
            return (scores, usage)
        }
    }

    /// What `collect` makes of the run; it is cancelled where `collect` throws anything but an `APIError`.
    private func whole<Answer>(_ collect: () async throws -> Answer) async throws(APIError) -> Answer {
        do {
            return try await collect()
        } catch let error as APIError {
            throw error
        } catch {
            throw .generation(.cancelled)
        }
    }

    private func makeProgress() -> [ChoiceProgress] {
        parameters.prompts.enumerated().flatMap { number, prompt in
            (0..<parameters.choices).map { choice in
                ChoiceProgress(
                    index: number * parameters.choices + choice,
                    prompt: prompt,
                    output: parameters.output,
                    tokenizer: model.tokenizer
                )
            }
        }
    }
}

/// What names one answer.
struct AnswerIdentity: Sendable {
    var id: String
    /// Unix time.
    var created: Int
}
