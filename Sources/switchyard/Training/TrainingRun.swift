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

    /// Where a run is when a call ends, and why it ended.
    typealias Outcome = (ending: Trainer.Ending, progress: TrainingState.Progress)

    /// Prepares the data, then trains until something ends the run; blocks meanwhile.
    ///
    /// - Parameter isStopping: asked before every step.
    ///
    /// - Throws: `TrainingError.anotherRun` where the directory holds a run of other settings or text, and whatever
    ///   keeps the data, a checkpoint or a model from being read or written.
    func run(isStopping: () -> Bool) throws -> Outcome {
        // Its fingerprint reads files: once is enough.
        let origin = try self.origin()
        try job.settle(settings: try JSONEncoder.ofRuns().encode(newRecord(origin, workers: 0)))
        let team = job.team
        let run = team.isFirst ? try RunDirectory(command.directory) : nil
        let known = try run.flatMap { try knownRecord(of: $0) }
        let changes = try known.map { try self.changes(from: $0, origin) } ?? []
        var record = try agreed(try run.map { try begin($0, as: known, origin) })
        let settings = record.settings
        let display = team.isFirst ? TrainingDisplay(total: settings.steps) : nil
        let start = try command.model.from.map { try StartingModel($0, upcycling: settings.start?.upcycling) }
        if let start { try check(start) }
        let data = try prepare(run, start, seed: settings.seed)
        if let report = known?.report, report != data.report {
            throw TrainingError.anotherRun(directory: command.directory, setting: "text in its files")
        }
        try job.settle(data)
        display?.tell(data.report)
        if let start { display?.tell(start, command.learning.fineTuningReasons) }
        let fresh = settings.model.shape(vocabularySize: data.vocabulary.size, data.vocabulary.special)
        let shape = settings.shape(start?.shape ?? fresh)
        let need = try self.need(settings, shape, data)
        display?.tell(MemoryAccount(need).text)
        record.history = known?.history
        let turn = try changes.isEmpty ? nil : run.map { Turn(step: try $0.latestWholeStep(), changed: changes) }
        if let turn { record.history = (known?.history ?? []) + [turn] }
        let trainer = try trainer(record, shape, (data, start), run)
        let (steps, count) = (trainer.state.progress.step, trainer.model.layout.count)
        (record.report, record.parameters) = (data.report, count)
        if let run { try write(record, to: run.settings) }
        let log = try run.map { try TrainingLog($0.log, goingOnFrom: steps) }
        if let turn { try log?.write(turn) }
        for damage in trainer.damages { try log?.write(LoggedDamage(step: steps, damaged: damage)) }
        try tellFindings(changes, trainer, to: display)
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

    /// What whoever looks at the run should know before it goes on.
    private func tellFindings(_ changes: [SettingChange], _ trainer: Trainer, to display: TrainingDisplay?) throws {
        guard let display else { return }
        for change in changes { display.tell("from step \(trainer.state.progress.step + 1) on \(change)") }
        for damage in trainer.damages { display.tell("\(damage); going on from the checkpoint before") }
        for fault in try TextFile.encodingFaults(in: command.data.settings.files) { display.tell("\(fault)") }
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
            let kind =
                isLanguageModel
                ? "a language model: --task language-model --text"
                : "one with an encoder: --task pairs or span-corruption"
            throw TrainingError.notThisStart("\(start.directory) is \(kind)")
        }
        guard command.data.vocabulary == nil else {
            throw TrainingError.notThisStart("--vocabulary: with --from the vocabulary is the model's own")
        }
    }

    /// What this process needs of memory; nothing where it is refused.
    private func need(_ settings: TrainingSettings, _ shape: ModelShape, _ data: PreparedData) throws -> MemoryNeed {
        let sources = [data.training, data.validation]
        let around = MemoryNeed.Circumstances(
            lengths: sources.flatMap { source in (0..<source.count).map { source.tokens($0) } },
            ranks: job.team.count,
            judgesAnswers: command.loop.bleuSentences > 0 && !data.references.isEmpty
        )
        let need = MemoryNeed(settings, shape, around)
        guard let limit = command.loop.memory?.bytes ?? job.memoryHere, need.total > limit else { return need }
        let advice = MemoryAdvice(settings, shape, around, limit: limit)
        throw TrainingError.tooLittleMemory(MemoryAccount(need).refusal(advice, limit: limit))
    }

    private func trainer(
        _ record: Record,
        _ shape: ModelShape,
        _ given: (data: PreparedData, start: StartingModel?),
        _ run: RunDirectory?
    ) throws -> Trainer {
        let ((data, start), settings) = (given, record.settings)
        let kept = start.map { $0.upcycling == nil ? ModelExport.Files.kept($0.files) : .converted($0.files) }
        let files = kept ?? .new(vocabulary: data.vocabulary.file)
        var export = ModelExport(shape.configuration, settings, files)
        if let start { export.type = start.storedType }
        export.maximumNewTokens = command.data.maxTokens
        export.card = card(data, start, record)
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

    private func card(_ data: PreparedData, _ start: StartingModel?, _ record: Record) -> ModelCard {
        var card = ModelCard(
            name,
            version: BuildInformation.version,
            arguments: arguments,
            command.data.settings,
            data.report
        )
        card.origin = start.map { start in
            let dense = start.upcycling.map { ", a dense model, whose layers became \($0.experts) experts each" } ?? ""
            return ModelCard.Origin(
                URL(fileURLWithPath: start.directory).lastPathComponent + dense,
                frozen: record.settings.frozen ?? []
            )
        }
        card.history = (record.history ?? []).map { turn in
            "from step \(turn.step + 1) on: " + turn.changed.map { "\($0)" }.joined(separator: "; ")
        }
        return card
    }

    /// What this call trains, written down before anything else is, so that whatever is found in the directory belongs to
    /// it.
    private func begin(
        _ run: RunDirectory,
        as known: Record?,
        _ origin: TrainingSettings.Start?
    ) throws -> Record {
        // Another number of workers would be another run: the machine may have other cores by now.
        let record = newRecord(origin, workers: known?.settings.workers ?? job.defaultWorkers)
        let (workers, ranks) = (record.settings.workers, job.team.count)
        guard workers % ranks == 0 else { throw TrainingError.unevenWorkers(workers: workers, ranks: ranks) }
        if known == nil { try write(record, to: run.settings) }
        return record
    }

    /// The model that a run begins with, as its settings have it; nil for a run from nothing.
    private func origin() throws -> TrainingSettings.Start? {
        try command.model.from.map { directory in
            let path = try SentenceLayout.transformerDirectory(of: directory)
            let fingerprint = try ModelFingerprint(directory: path)
            var start = TrainingSettings.Start(directory: directory, fingerprint: "\(fingerprint)")
            start.upcycling = command.model.upcycling(seed: command.settings(defaultWorkers: 0).seed)
            return start
        }
    }

    /// - Parameter workers: how many there are where the flags do not say it.
    private func newRecord(_ origin: TrainingSettings.Start?, workers: Int) -> Record {
        var settings = command.settings(defaultWorkers: workers)
        settings.start = origin
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

    /// What this call sets otherwise than the run had it.
    ///
    /// A run goes on as what it began as: neither what a checkpoint holds nor what its place in the data means may change.
    /// How fast it learns and how long has to be asked for.
    ///
    /// - Throws: `TrainingError.anotherRun` and `.unaskedChange`.
    private func changes(from known: Record, _ origin: TrainingSettings.Start?) throws -> [SettingChange] {
        let record = newRecord(origin, workers: known.settings.workers)
        guard record.data == known.data else {
            throw TrainingError.anotherRun(directory: command.directory, setting: "data")
        }
        let all = try SettingChange.all(known.settings, record.settings)
        for (_, rule) in all {
            if case .fixed(let setting) = rule {
                throw TrainingError.anotherRun(directory: command.directory, setting: setting)
            }
        }
        if !command.loop.change, let asked = all.first(where: { $0.rule == .asked }) {
            throw TrainingError.unaskedChange(directory: command.directory, "\(asked.change)")
        }
        return all.map(\.change)
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
