import Training

/// A damaged checkpoint as a line of the log.
struct LoggedDamage: Encodable {
    var step: Int
    var damaged: String
}

/// A validation as a line of the log.
struct LoggedValidation: Encodable {
    var step: Int
    var validation: Validation

    init(_ validation: Validation) { (step, self.validation) = (validation.step, validation) }
}
