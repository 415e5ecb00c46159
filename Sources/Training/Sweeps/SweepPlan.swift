/// Which trials a sweep is made of.
package struct SweepPlan: Equatable, Sendable {
    /// How values of several axes are combined.
    package enum Search: Equatable, Sendable {
        /// Every combination of the axes' values.
        case grid
        /// So many combinations, drawn; the first ones are the same however many there are.
        case random(trials: Int, seed: UInt64)
    }

    package let axes: [SweepAxis]
    package let trials: [SweepTrial]

    /// The most trials of a sweep.
    package static let maximumTrials = 10_000

    /// - Throws: `TrainingError.notAnAxis` for an axis that is there twice or has no list in a grid, and
    ///   `TrainingError.tooManyTrials`.
    package init(_ axes: [SweepAxis], _ search: Search) throws(TrainingError) {
        for (index, axis) in axes.enumerated() where axes[..<index].contains(where: { $0.name == axis.name }) {
            throw .notAnAxis(axis.name, reason: "it is varied twice")
        }
        self.axes = axes
        let choices: [[String]]
        switch search {
        case .grid: choices = try Self.grid(axes)
        case .random(let count, let seed):
            guard count <= Self.maximumTrials else { throw .tooManyTrials(limit: Self.maximumTrials) }
            choices = (0..<count).map { index in
                var noise = Noise(seed: seed, 0x53EE9, UInt64(index))
                return axes.map { $0.draw(&noise) }
            }
        }
        trials = choices.enumerated().map { index, values in
            SweepTrial(
                number: index + 1,
                settings: zip(axes, values).map { SweepTrial.Setting(name: $0.name, value: $1) }
            )
        }
    }

    private static func grid(_ axes: [SweepAxis]) throws(TrainingError) -> [[String]] {
        var choices: [[String]] = [[]]
        for axis in axes {
            guard case .list(let list) = axis.values else {
                throw .notAnAxis(axis.name, reason: "a range needs a random search; a grid needs a list of values")
            }
            guard choices.count * list.count <= maximumTrials else { throw .tooManyTrials(limit: maximumTrials) }
            choices = choices.flatMap { choice in list.map { choice + [$0] } }
        }
        return choices
    }
}

/// One run of a sweep.
package struct SweepTrial: Equatable, Sendable, Codable {
    /// One flag of `train`, and what a trial gives it.
    package struct Setting: Equatable, Sendable, Codable {
        package var name: String
        package var value: String
    }

    /// Counted from 1.
    package var number: Int
    package var settings: [Setting]

    /// What `train` is given for it; a setting without a value of its own is `true` or `false`.
    package var arguments: [String] {
        settings.compactMap { setting in
            switch setting.value {
            case "true": "--\(setting.name)"
            case "false": nil
            default: "--\(setting.name)=\(setting.value)"
            }
        }
    }

    package var description: String { settings.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }
}

/// What became of a trial.
package struct SweepResult: Equatable, Sendable, Codable {
    package var trial: SweepTrial
    /// `completed`, or what ended it before.
    package var ending: String
    /// Those done, over all calls.
    package var steps: Int
    /// Of its steps, without validations.
    package var seconds: Double
    package var best: Validation?

    /// Takes the best validation and the work done from how far the trial has come.
    package init(_ trial: SweepTrial, _ progress: TrainingState.Progress, _ ending: Trainer.Ending) {
        self.trial = trial
        (steps, seconds, best) = (progress.step, progress.seconds, progress.best)
        self.ending =
            switch ending {
            case .completed: "completed"
            case .outOfPatience: "out of patience"
            case .outOfTime: "out of time"
            case .stopped: "stopped"
            case .unhealthy: "unhealthy"
            }
    }
}
