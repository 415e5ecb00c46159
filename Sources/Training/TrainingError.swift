/// Why a run could not start or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case tooLarge(file: String, bytes: Int, limit: Int)
    case notPairs(file: String, line: Int, columns: Int)
    case unequalLines(source: String, sourceLines: Int, target: String, targetLines: Int)
    case tooFewExamples(kept: Int, needed: Int)
    /// No example is left to validate with.
    case nothingToJudgeBy
    case tooManyTokens(pairs: Int, limit: Int)
    case unwritable(path: String, reason: String)
    case anotherRun(directory: String, setting: String)
    /// A setting that decides the weights is another than the run had, and nobody said that this is meant.
    case unaskedChange(directory: String, String)
    case unhealthy(String)
    /// The workers of a run cannot be shared out evenly.
    case unevenWorkers(workers: Int, ranks: Int)
    case notAnAxis(String, reason: String)
    case tooManyTrials(limit: Int)
    /// A model that is served but not trained.
    case notTrainable(String)
    /// A group of parameters that the model has none of.
    case nothingToFreeze(String)
    case nothingToLearn
    /// What a run begins with does not go with what it is to learn, or with another flag.
    case notThisStart(String)
    /// What a run would need, by part, and what would make it fit.
    case tooLittleMemory(String)

    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .tooLarge(let file, let bytes, let limit): "\(file) has \(bytes) bytes; at most \(limit) are read"
        case .notPairs(let file, let line, let columns):
            "line \(line) of \(file) has \(columns) columns, but a source and a target separated by a tab were expected"
        case .unequalLines(let source, let sourceLines, let target, let targetLines):
            "\(source) has \(sourceLines) lines and \(target) \(targetLines), but a line of one belongs to a line of the other"
        case .tooFewExamples(let kept, let needed):
            "\(kept) examples are left after cleaning, but at least \(needed) are needed"
        case .nothingToJudgeBy:
            "no example is left to judge by: give more text, a validation file with some, or a larger --held-out"
        case .tooManyTokens(let pairs, let limit):
            "\(pairs) pairs have more than \(limit) tokens; at most so many are judged"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .anotherRun(let directory, let setting):
            "\(directory) holds a run with another \(setting): resume it as it was, or name another directory"
        case .unaskedChange(let directory, let change):
            "\(directory) holds a run with other settings: \(change); --change goes on with what this call says"
        case .unhealthy(let diagnosis): diagnosis
        case .unevenWorkers(let workers, let ranks):
            "\(workers) workers cannot be shared out evenly over \(ranks) processes: "
                + "--workers is their number in all of them together"
        case .notAnAxis(let axis, let reason): "--vary \(axis): \(reason)"
        case .tooManyTrials(let limit): "a sweep has at most \(limit) trials"
        case .notTrainable(let found): "the model cannot be trained: \(found)"
        case .nothingToFreeze(let group):
            "--freeze \(group): the model has none of its own"
                + (group == "head" ? ": it is one with the embeddings" : "")
        case .nothingToLearn: "--freeze leaves nothing to learn"
        case .notThisStart(let reason): reason
        case .tooLittleMemory(let account): account
        }
    }
}
