import Generation
import Telemetry
import Tensors

extension EngineLoop {
    /// Runs encoder layers: all of them when nobody is decoding, else for about half the time of a step.
    mutating func encodeSlice() {
        guard var batch = encoding else { return }
        encoding = nil
        let layers = running.isEmpty ? Int.max : pace.layers(tokens: batch.tokens, most: limits.maximumBatchTokens)
        let start = ContinuousClock.now
        let finished = batch.advance(model, layers: layers)
        metrics.encodeSteps.increment()
        let seconds = start.secondsToNow
        metrics.encodeStepSeconds.observe(seconds)
        guard let finished else {
            pace.encoded(layers: layers, seconds: seconds)
            encoding = batch
            return
        }
        pace.began()
        routing.record(batch.routing)
        for (submission, state) in finished { begin(submission, state, after: batch) }
    }

    private mutating func begin(_ submission: Submission, _ state: Model.State, after batch: EncodingBatch<Model>) {
        var request = RunningRequest(submission, state: state, startToken: model.startToken)
        request.timings.queue = (batch.started - submission.submitted).seconds
        request.timings.encode = (request.decodingSince - batch.started).seconds
        metrics.queueSeconds.observe(request.timings.queue)
        metrics.encodeSeconds.observe(request.timings.encode)
        metrics.requestPromptTokens.observe(Double(submission.request.prompt.count))
        metrics.requestBeams.observe(Double(submission.request.rows))
        submission.answer.yield(.encoded(routes: promptRoutes(of: submission, in: batch)))
        let step = request.search.begin()
        request.send(step.events) { _, _ in [] }
        request.rows = step.rows
        if step.rows.isEmpty {
            finish(&request, step.events)
        } else {
            running.append(request)
        }
    }

    private func promptRoutes(of submission: Submission, in batch: EncodingBatch<Model>) -> [TokenRoute] {
        guard submission.request.reportsRouting else { return [] }
        let first = batch.firstRow(of: submission)
        return submission.request.prompt.indices.flatMap {
            routing.routes(of: first + $0, position: $0, in: batch.routing)
        }
    }

    /// One decoder step for every row of every running request, then each request's search takes its logits.
    mutating func decodeStep() {
        guard !running.isEmpty else { return }
        let start = ContinuousClock.now
        let logits = model.step(running.map { StepBatch(state: $0.state, rows: $0.rows) })
        let plans = model.takeRouting()
        routing.record(plans)
        metrics.decodeSteps.increment()
        metrics.batchSize.observe(Double(running.reduce(0) { $0 + $1.rows.count }))
        advanceSearches(logits)
        var firstRow = 0
        var kept: [RunningRequest<Model.State>] = []
        kept.reserveCapacity(running.count)
        for var request in running {
            let rows = request.rows
            defer { firstRow += rows.count }
            do throws(GenerationFailure) {
                let step = try request.outcome.get()
                observeTokens(of: &request, step)
                request.send(step.events) { choice, position in
                    let row = rows.firstIndex { $0.slot == choice } ?? 0
                    return routing.routes(of: firstRow + row, position: position, in: plans)
                }
                request.rows = step.rows
                if step.rows.isEmpty {
                    finish(&request, step.events)
                } else {
                    if let parents = step.parents { model.reorder(request.state, parents: parents) }
                    kept.append(request)
                }
            } catch {
                release(request.submission)
                metrics.countFailed(error)
                request.submission.fail(error)
            }
        }
        running = kept
        let seconds = start.secondsToNow
        metrics.decodeStepSeconds.observe(seconds)
        pace.stepped(seconds: seconds)
    }

    /// Lets every search take its rows of the logits, side by side: one that samples looks at the whole vocabulary.
    private mutating func advanceSearches(_ logits: Matrix) {
        var firstRows: [Int] = []
        var row = 0
        for request in running {
            firstRows.append(row)
            row += request.rows.count
        }
        let model = model
        running.withUnsafeMutableBufferPointer { requests in
            // Each index is visited once, so no two threads touch the same request.
            nonisolated(unsafe) let requests = requests
            model.concurrently(requests.count) { requests[$0].advance(logits, firstRow: firstRows[$0]) }
        }
    }

    private func observeTokens(of request: inout RunningRequest<Model.State>, _ step: SearchStep) {
        let tokens = step.events.reduce(0) { if case .token = $1 { $0 + 1 } else { $0 } }
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

    private mutating func finish(_ request: inout RunningRequest<Model.State>, _ events: [GenerationEvent]) {
        release(request.submission)
        request.timings.decode = request.decodingSince.secondsToNow
        metrics.decodeSeconds.observe(request.timings.decode)
        let duration = request.submission.submitted.secondsToNow
        metrics.requestSeconds.observe(duration)
        metrics.requestGeneratedTokens.observe(Double(request.generatedTokens))
        inbox.finished(afterSeconds: duration)
        for case .finished(let choice) in events {
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
