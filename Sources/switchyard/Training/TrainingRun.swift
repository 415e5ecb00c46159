import Foundation
import SwitchModel
import Tokenization
import Training

/// One call of `train`: reads the data, begins or goes on with the run of a directory, and tells how it goes.
///
/// Of a job of several processes rank 0 has the directory, and is the one that tells.
struct TrainingRun {
    private let command: Train
    /// What `switchyard` would be called with for this run; the model card says so.
    private let arguments: [String]
    private let job: TrainingJob

    init(_ command: Train, arguments: [String], in job: TrainingJob = TrainingJob()) {
        (self.command, self.arguments, self.job) = (command, arguments, job)
    }

    /// What `training.json` holds.
    struct Record: Codable, Equatable {
        var version: String
        var settings: TrainingSettings
        var data: DataSettings
        /// nil until the data has been prepared.
        var report: PreparedData.Report?
        /// Numbers that are learnt; nil until the data has been prepared.
        var parameters: Int?
    }

    /// Where a run is when a call ends, and why it ended.
    typealias Outcome = (ending: Trainer.Ending, progress: TrainingState.Progress)

    /// Prepares the data, then trains until something ends the run; blocks meanwhile.
    ///
    /// - Parameter isStopping: asked before every step.
    ///
    /// - Throws: `TrainingError.anotherRun` where the directory holds a run of other settings or text, and whatever
    ///   keeps the data, a checkpoint or a model from being read or written.
    func run(isStopping: () -> Bool) throws -> Outcome {
        try job.settle(settings: try JSONEncoder.ofRuns().encode(newRecord(workers: 0)))
        let team = job.team
        let run = team.isFirst ? try RunDirectory(command.directory) : nil
        let known = try run.flatMap { try knownRecord(of: $0) }
        var record = try agreed(try run.map { try begin($0, as: known) })
        let settings = record.settings
        let display = team.isFirst ? TrainingDisplay(total: settings.steps) : nil
        let start = try command.model.from.map { try StartingModel($0) }
        if let start { try check(start) }
        let data = try prepare(run, start, seed: settings.seed)
        if let report = known?.report, report != data.report {
            throw TrainingError.anotherRun(directory: command.directory, setting: "text in its files")
        }
        try job.settle(data)
        display?.tell(data.report)
        if let start { display?.tell(start, command.learning.fineTuningReasons) }
        let shape = settings.shape(from: start, data.vocabulary)
        try tell(try need(settings, shape, data), to: display)
        let trainer = try trainer(settings, shape, (data, start), run)
        let (steps, count) = (trainer.state.progress.step, trainer.model.layout.count)
        (record.report, record.parameters) = (data.report, count)
        if let run { try write(record, to: run.settings) }
        let log = try run.map { try TrainingLog($0.log, goingOnFrom: steps) }
        display?.begin(at: steps, parameters: (count, trainer.model.layout.learntCount))
        let ending = try trainer.train(isStopping: isStopping) { event in
            guard let run, let log else { return }
            switch event {
            case .step(let report): try log.write(report)
            case .validation(let validation): try log.write(LoggedValidation(validation))
            case .diagnosis(let report): try log.write(report)
            }
            display?.tell(event)
            if case .validation = event { try draw(run) }
        }
        if let run { try draw(run) }
        display?.finish(ending, best: trainer.state.progress.best, directory: command.directory + "/best")
        return (ending, trainer.state.progress)
    }

    /// The record that rank 0 has begun, at all ranks.
    private func agreed(_ begun: Record?) throws -> Record {
        let bytes = try job.team.bytesOfFirst { Array(try JSONEncoder.ofRuns().encode(begun)) }
        return try begun ?? JSONDecoder.ofRuns().decode(Record.self, from: Data(bytes))
    }

    /// The text cut into tokens, by the vocabulary that rank 0 reads or trains.
    private func prepare(_ run: RunDirectory?, _ start: StartingModel?, seed: UInt64) throws -> PreparedData {
        if let start { return try PreparedData(command.data.settings, .model(start.vocabulary), seed: seed) }
        let own = try run.map { try PreparedData(command.data.settings, .kept(file: $0.vocabulary), seed: seed) }
        let vocabulary = try job.team.bytesOfFirst { own?.vocabulary.file ?? [] }
        if let own { return own }
        let copy = NSTemporaryDirectory() + "switchyard-\(UUID().uuidString).model"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try Data(vocabulary).write(to: URL(fileURLWithPath: copy))
        return try PreparedData(command.data.settings, .kept(file: copy), seed: seed)
    }

    /// A model goes on with what it was made for: a language model with text, one with an encoder with pairs or gaps.
    private func check(_ start: StartingModel) throws {
        let isLanguageModel = start.configuration.architecture == .decoderOnly
        guard isLanguageModel == (command.data.task == .languageModel) else {
            let kind = isLanguageModel ? "a language model: --task language-model --text" : "one with an encoder: --task pairs or span-corruption"
            throw TrainingError.notThisStart("\(start.directory) is \(kind)")
        }
        guard command.data.vocabulary == nil else {
            throw TrainingError.notThisStart("--vocabulary: with --from the vocabulary is the model's own")
        }
    }

    /// What this process needs of memory; nothing where it is refused.
    private func need(_ settings: TrainingSettings, _ shape: ModelShape, _ data: PreparedData) throws -> MemoryNeed {
        let sources = [data.training, data.validation]
        let longest = sources.flatMap { source in (0..<source.count).map { source.tokens($0) } }.max() ?? 1
        let around = MemoryNeed.Circumstances(
            longest: longest,
            ranks: job.team.count,
            judgesAnswers: command.loop.bleuSentences > 0 && !data.references.isEmpty
        )
        let need = MemoryNeed(settings, shape, around)
        guard let limit = command.loop.memory?.bytes ?? job.memoryHere, need.total > limit else { return need }
        let advice = MemoryAdvice(settings, shape, around, limit: limit)
        throw TrainingError.tooLittleMemory(MemoryAccount(need).refusal(advice, limit: limit))
    }

    private func tell(_ need: MemoryNeed, to display: TrainingDisplay?) throws { display?.tell(MemoryAccount(need).text) }

    private func trainer(
        _ settings: TrainingSettings,
        _ shape: ModelShape,
        _ given: (data: PreparedData, start: StartingModel?),
        _ run: RunDirectory?
    ) throws -> Trainer {
        let (data, start) = given
        let files = start.map { ModelExport.Files.kept($0.files) } ?? .new(vocabulary: data.vocabulary.file)
        var export = ModelExport(shape.configuration, settings, files)
        if let start { export.type = start.storedType }
        export.maximumNewTokens = command.data.maxTokens
        export.card = card(data, start, settings)
        let threads = settings.workers / job.team.count
        var parts = Trainer.Parts(
            run: run,
            training: data.training,
            validation: data.validation,
            judge: judge(data, shape.configuration, threads: threads),
            export: export
        )
        parts.start = start
        return try Trainer(settings, shape, parts, in: job.team)
    }

    private func card(_ data: PreparedData, _ start: StartingModel?, _ settings: TrainingSettings) -> ModelCard {
        var card = ModelCard(
            name,
            version: BuildInformation.version,
            arguments: arguments,
            command.data.settings,
            data.report
        )
        card.origin = start.map {
            ModelCard.Origin(URL(fileURLWithPath: $0.directory).lastPathComponent, frozen: settings.frozen ?? [])
        }
        return card
    }

    /// What this call trains, written down before anything else is, so that whatever is found in the directory belongs to
    /// it.
    private func begin(_ run: RunDirectory, as known: Record?) throws -> Record {
        // Another number of workers would be another run: the machine may have other cores by now.
        let record = try newRecord(workers: known?.settings.workers ?? job.defaultWorkers)
        let (workers, ranks) = (record.settings.workers, job.team.count)
        guard workers % ranks == 0 else { throw TrainingError.unevenWorkers(workers: workers, ranks: ranks) }
        if let known { try check(record, isLike: known, run) } else { try write(record, to: run.settings) }
        return record
    }

    /// - Parameter workers: how many there are where the flags do not say it.
    private func newRecord(workers: Int) throws -> Record {
        var settings = command.settings(defaultWorkers: workers)
        settings.start = try command.model.from.map { directory in
            let path = try SentenceLayout.transformerDirectory(of: directory)
            return .init(directory: directory, fingerprint: "\(try ModelFingerprint(directory: path))")
        }
        return Record(version: BuildInformation.version, settings: settings, data: command.data.settings)
    }

    /// What an earlier call left in `training.json`; nil for a run that begins.
    private func knownRecord(of run: RunDirectory) throws -> Record? {
        guard let bytes = FileManager.default.contents(atPath: run.settings) else { return nil }
        do {
            return try JSONDecoder.ofRuns().decode(Record.self, from: bytes)
        } catch {
            throw TrainingError.unreadable(file: run.settings, reason: "\(error)")
        }
    }

    /// A run goes on as what it began as: how fast it learns, how long, and what it writes may change, but neither what
    /// a checkpoint holds nor what its place in the data means.
    private func check(_ record: Record, isLike known: Record, _ run: RunDirectory) throws {
        let (new, old) = (record.settings, known.settings)
        let isSame: [(setting: String, Bool)] = [
            ("data", record.data == known.data), ("model", new.model == old.model),
            ("model to begin with", new.start == old.start), ("choice of what is learnt", new.frozen == old.frozen), ("seed", new.seed == old.seed),
            ("optimizer", new.optimizer.kind == old.optimizer.kind),
            ("average", (new.averageDecay == nil) == (old.averageDecay == nil)),
            ("precision", new.precision == old.precision),
            ("batch size", (new.batchTokens, new.accumulation) == (old.batchTokens, old.accumulation)),
            ("number of workers", new.workers == old.workers),
        ]
        if let other = isSame.first(where: { !$1 }) {
            throw TrainingError.anotherRun(directory: run.path, setting: other.setting)
        }
    }

    /// The pictures of the log so far.
    private func draw(_ run: RunDirectory) throws {
        let report = RunReport(log: try TextFile.text(run.log))
        try report.write(to: run.path, title: name)
    }

    /// What the run is called where it is shown.
    private var name: String { URL(fileURLWithPath: command.directory).lastPathComponent }

    /// Greedy translations of the first validation sources, scored.
    private func judge(_ data: PreparedData, _ configuration: SwitchConfiguration, threads: Int) -> Trainer.Judge? {
        let pairs = Array(data.references.prefix(command.loop.bleuSentences))
        guard !pairs.isEmpty else { return nil }
        // A model that has not learnt to end is not waited for for long.
        let longest = pairs.reduce(1) { max($0, data.vocabulary.tokenizer.encode($1.target).count) }
        let translator = Translator(
            configuration: configuration,
            tokenizer: data.vocabulary.tokenizer,
            maximumTokens: 2 * longest + 8,
            threads: threads
        )
        return { weights in
            let answers = try translator.answers(to: pairs.map(\.source), weights)
            return Bleu(hypotheses: answers, references: pairs.map(\.target)).score
        }
    }

    private func write(_ record: Record, to path: String) throws {
        try JSONEncoder.ofRuns(.prettyPrinted).encode(record).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}

/// A validation as a line of the log.
private struct LoggedValidation: Encodable {
    var step: Int
    var validation: Validation

    init(_ validation: Validation) { (step, self.validation) = (validation.step, validation) }
}
