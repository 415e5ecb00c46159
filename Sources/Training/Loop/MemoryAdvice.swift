import SwitchModel

/// What would make a run fit that needs more memory than there is.
///
/// Settings are tried in the order of what they cost: time first, then how well is learnt.
package struct MemoryAdvice: Sendable {
    /// The flags that together make it fit; nil where none do.
    package let flags: [String]?
    /// What is needed with all of them, in bytes.
    package let least: Int

    /// - Parameter limit: in bytes.
    package init(
        _ settings: TrainingSettings,
        _ shape: ModelShape,
        _ around: MemoryNeed.Circumstances,
        limit: Int
    ) {
        var tried = Tried(settings: settings, shape: shape, around: around)
        var flags: [String] = []
        for change in Self.changes where tried.need.total > limit {
            let before = tried.need.total
            var next = tried
            guard let flag = change(&next), next.need.total < before else { continue }
            (tried, flags) = (next, flags + [flag])
        }
        least = tried.need.total
        self.flags = least <= limit ? flags : nil
    }

    private struct Tried {
        var settings: TrainingSettings
        var shape: ModelShape
        var around: MemoryNeed.Circumstances

        var need: MemoryNeed { MemoryNeed(settings, shape, around) }
    }

    /// Each sets something that takes less memory, and says by which flag; nil where it is set already.
    private static let changes: [@Sendable (inout Tried) -> String?] = [
        { tried in
            guard tried.around.judgesAnswers else { return nil }
            tried.around.judgesAnswers = false
            return "--bleu-sentences 0"
        },
        { tried in
            guard !tried.shape.recomputes else { return nil }
            tried.shape.recomputes = true
            return "--recompute"
        },
        { tried in
            // The same step in more and smaller batches.
            let parts = max(1, min(tried.settings.batchTokens, tried.around.all) / max(tried.around.longest, 16))
            guard parts > 1 else { return nil }
            tried.settings.batchTokens = max(16, min(tried.settings.batchTokens, tried.around.all) / parts)
            tried.settings.accumulation *= parts
            return "--batch-tokens \(tried.settings.batchTokens) --accumulation \(tried.settings.accumulation)"
        },
        { tried in
            guard tried.settings.workers > tried.around.ranks else { return nil }
            tried.settings.workers = tried.around.ranks
            return "--workers \(tried.around.ranks)"
        },
        { tried in
            guard tried.settings.optimizer.kind != .adafactor else { return nil }
            tried.settings.optimizer.kind = .adafactor
            return "--optimizer adafactor"
        },
        { tried in
            guard tried.settings.averageDecay != nil else { return nil }
            tried.settings.averageDecay = nil
            return "no --average"
        },
        { tried in
            guard tried.shape.frozen.isEmpty, tried.shape.configuration.expertParameterCount > 0 else { return nil }
            tried.shape.frozen = [.experts]
            return "--freeze experts"
        },
        { tried in
            guard tried.shape.frozen.allSatisfy({ $0 == .experts }) else { return nil }
            tried.shape.frozen.append(.embeddings)
            return "--freeze embeddings"
        },
    ]
}
