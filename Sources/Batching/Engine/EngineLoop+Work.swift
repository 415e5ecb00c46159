import Generation
import SwitchModel
import Telemetry
import Tensors

extension EngineLoop {
    /// All layers of a stack when nobody is decoding, here or at another rank, else as many as take about half the time of a
    /// step.
    func layersOfSlice(_ batch: EncodingBatch<Model>, beside others: OtherRanks) -> Int {
        guard !running.isEmpty || others == .working(isDecoding: true) else { return .max }
        return pace.layers(rows: batch.rowsPerLayer(model), most: limits.maximumBatchTokens)
    }

    /// Runs up to so many layers of encoding.
    mutating func encodeSlice(layers: Int) {
        guard var batch = encoding, model.fault == nil else { return }
        encoding = nil
        let rows = batch.rowsPerLayer(model)
        let start = ContinuousClock.now
        let finished = batch.advance(model, layers: layers)
        guard model.fault == nil else {
            encoding = batch
            return
        }
        metrics.encodeSteps.increment()
        let seconds = start.secondsToNow
        metrics.encodeStepSeconds.observe(seconds)
        guard let finished else {
            pace.encoded(layers: layers, rows: rows, seconds: seconds)
            encoding = batch
            return
        }
        pace.began()
        routing.record(batch.routing)
        for (submission, encoded) in finished {
            switch encoded.outcome {
            case .embedding(let elements): finish(submission, elements, after: batch)
            case .decoding: begin(submission, encoded, after: batch)
            }
        }
    }

    /// Answers a request that wants no more than the encoder gives.
    private mutating func finish(_ submission: Submission, _ embedding: [Float], after batch: EncodingBatch<Model>) {
        release(submission)
        guard embedding.allSatisfy(\.isFinite) else {
            metrics.countFailed(.notANumber)
            return submission.fail(.notANumber)
        }
        let timings = observeEncoding(of: submission, after: batch, until: .now)
        metrics.requestSeconds.observe(submission.submitted.secondsToNow)
        metrics.countFinished(.stop(.endToken))
        submission.answer.yield(.encoded(routes: [], timings: timings))
        submission.answer.yield(.embedding(embedding))
        submission.answer.yield(.completed(timings))
        submission.answer.finish()
    }

    private func observeEncoding(
        of submission: Submission,
        after batch: EncodingBatch<Model>,
        until end: ContinuousClock.Instant
    ) -> GenerationTimings {
        var timings = GenerationTimings()
        timings.queue = (batch.started - submission.submitted).seconds
        timings.encode = (end - batch.started).seconds
        metrics.queueSeconds.observe(timings.queue)
        metrics.encodeSeconds.observe(timings.encode)
        metrics.requestPromptTokens.observe(Double(submission.request.promptTokens))
        return timings
    }

    private mutating func begin(
        _ submission: Submission,
        _ encoded: EncodedPrompt<Model.State>,
        after batch: EncodingBatch<Model>
    ) {
        let start = model.start(after: submission.request.prompt)
        var request = RunningRequest(submission, encoded, start: start)
        request.timings = observeEncoding(of: submission, after: batch, until: request.decodingSince)
        metrics.requestBeams.observe(Double(submission.request.rows))
        var promptRoutes: [TokenRoute] = []
        if submission.request.reportsRouting {
            let routes = EncodingRoutes(submission.request, encoded, batch.routing, routing)
            promptRoutes = routes.ofPrompt
            request.readRoutes = routes.ofOutput
        }
        submission.answer.yield(.encoded(routes: promptRoutes, timings: request.timings))
        request.begin()
        observeTokens(of: &request)
        send(&request) { _, _ in [] }
        if request.isOver {
            finish(&request)
        } else {
            running.append(request)
        }
    }

    /// One decoder step for every row of every running request, then each request's search takes its scores.
    mutating func decodeStep() {
        guard !running.isEmpty, model.fault == nil else { return }
        let start = ContinuousClock.now
        stepBatch.removeAll(keepingCapacity: true)
        firstRows.removeAll(keepingCapacity: true)
        var (rows, tokens) = (0, 0)
        for request in running {
            stepBatch.append(StepBatch(state: request.state, rows: request.step.rows))
            firstRows.append((rows, tokens))
            rows += request.step.rows.count
            tokens += stepBatch[stepBatch.count - 1].tokens
        }
        let scores = model.step(stepBatch, &stepRouting)
        stepBatch.removeAll(keepingCapacity: true)
        guard model.fault == nil else { return }
        if tokens > 0 { routing.record(stepRouting.plans) }
        metrics.decodeSteps.increment()
        metrics.batchSize.observe(Double(rows))
        advanceSearches(scores)
        var told: [RunningRequest<Model.State>] = []
        swap(&told, &running)
        for index in told.indices { tell(&told[index], firstToken: firstRows[index].tokens) }
        told.removeAll { $0.isOver }
        swap(&told, &running)
        let seconds = start.secondsToNow
        metrics.decodeStepSeconds.observe(seconds)
        pace.stepped(seconds: seconds)
    }

    /// Lets every search take its rows of the scores, side by side: one that samples looks at the whole vocabulary.
    private mutating func advanceSearches(_ scores: VocabularyScores) {
        let (model, firstRows) = (model, firstRows)
        running.withUnsafeMutableBufferPointer { requests in
            // Each index is visited once, so no two threads touch the same request.
            nonisolated(unsafe) let requests = requests
            model.concurrently(requests.count) { requests[$0].advance(scores, firstRow: firstRows[$0].scores) }
        }
    }

    /// Sends what a search made of a step, and does what it asks for.
    ///
    /// - Parameter firstToken: the first of the request's tokens among those the step routed.
    private mutating func tell(_ request: inout RunningRequest<Model.State>, firstToken: Int) {
        if let failure = request.failure {
            release(request.submission)
            metrics.countFailed(failure)
            return request.submission.fail(failure)
        }
        observeTokens(of: &request)
        let (routing, plans) = (routing, stepRouting.plans)
        send(&request) { routing.routes(of: firstToken + $0, position: $1, in: plans) }
        if request.isOver {
            finish(&request)
        } else if let parents = request.step.parents {
            model.reorder(request.state, parents: parents)
        }
    }

    private func send(
        _ request: inout RunningRequest<Model.State>,
        routes: (_ row: Int, _ position: Int) -> [TokenRoute]
    ) {
        let (model, state) = (model, request.state)
        request.send(routes: routes) { model.takeCrossAttention(state, position: $0) }
    }

    private func observeTokens(of request: inout RunningRequest<Model.State>) {
        let tokens = request.newTokens
        guard tokens > 0 else { return }
        let now = ContinuousClock.now
        metrics.generatedTokens.increment(by: UInt64(tokens))
        if request.generatedTokens == 0 {
            metrics.timeToFirstToken.observe((now - request.submission.submitted).seconds)
        } else {
            metrics.interTokenSeconds.observe((now - request.lastToken).seconds)
        }
        request.lastToken = now
    }

    private mutating func finish(_ request: inout RunningRequest<Model.State>) {
        release(request.submission)
        request.timings.decode = request.decodingSince.secondsToNow
        metrics.decodeSeconds.observe(request.timings.decode)
        let duration = request.submission.submitted.secondsToNow
        metrics.requestSeconds.observe(duration)
        metrics.requestGeneratedTokens.observe(Double(request.generatedTokens))
        if case .scoring(let scored) = request.submission.request.strategy {
            metrics.countScored(tokens: scored.told)
        }
        for case .finished(let choice) in request.step.events {
            metrics.countFinished(choice.reason)
            break
        }
        request.submission.answer.yield(.completed(request.timings))
        request.submission.answer.finish()
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}

extension ContinuousClock.Instant {
    fileprivate var secondsToNow: Double { (ContinuousClock.now - self).seconds }
}
