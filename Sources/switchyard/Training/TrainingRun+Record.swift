import Training

extension TrainingRun {
    /// What `training.json` holds.
    struct Record: Codable, Equatable {
        var version: String
        var settings: TrainingSettings
        var data: DataSettings
        /// nil until the data has been prepared.
        var report: PreparedData.Report?
        /// Numbers that the model has; nil until the data has been prepared.
        var parameters: Int?
        /// What was set otherwise while the run went on; nil for nothing.
        var history: [Turn]?
    }

    /// What was set otherwise from a step on.
    struct Turn: Codable, Equatable {
        /// Steps done before.
        var step: Int
        var changed: [SettingChange]
    }
}
