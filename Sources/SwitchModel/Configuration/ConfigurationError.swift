package import Checkpoints

/// Why a model's configuration could not be used.
///
/// Every case names the file or the key.
package enum ConfigurationError: Error, Equatable, Sendable {
    case unreadable(CheckpointError)
    case malformedJSON(file: String, reason: String)
    case wrongKind(file: String, key: String, expected: String, found: String)
    case outOfRange(file: String, key: String, value: Int, allowed: ClosedRange<Int>)
    case numberOutOfRange(file: String, key: String, value: Double, allowed: ClosedRange<Double>)
    case epsilonOutOfRange(file: String, value: Double)
    /// Two keys that mean the same thing hold different values.
    case contradiction(file: String, key: String, value: String, otherKey: String, otherValue: String)
    case unsupported(file: String, key: String, value: String, expected: String)
    case attentionTooWide(heads: Int, headWidth: Int, limit: Int)
    /// The logarithm that spaces the buckets needs room above the exact half of them.
    case bucketsPastDistance(buckets: Int, maxDistance: Int)
    case tokenOutsideVocabulary(key: String, token: Int, vocabularySize: Int)
    case noStartToken
    /// What the files ask of generation cannot be done together.
    case contradictoryConstraints(file: String, reason: String)
    /// The blocks whose tensors are experts are not every n-th one.
    case sparseBlocksFitNoStep(stack: String, blocks: [Int])
}

extension ConfigurationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let error):
            "\(error)"
        case .malformedJSON(let file, let reason):
            "\(file) is not the JSON expected: \(reason)"
        case .wrongKind(let file, let key, let expected, let found):
            "'\(key)' in \(file) is \(found), expected \(expected)"
        case .outOfRange(let file, let key, let value, let allowed):
            "'\(key)' in \(file) is \(value), expected \(allowed.lowerBound) to \(allowed.upperBound)"
        case .numberOutOfRange(let file, let key, let value, let allowed):
            "'\(key)' in \(file) is \(value), expected \(allowed.lowerBound) to \(allowed.upperBound)"
        case .epsilonOutOfRange(let file, let value):
            "'layer_norm_epsilon' in \(file) is \(value), expected more than 0 and less than 1"
        case .contradiction(let file, let key, let value, let otherKey, let otherValue):
            "'\(key)' in \(file) is \(value), but '\(otherKey)', which means the same, is \(otherValue)"
        case .unsupported(let file, let key, let value, let expected):
            "'\(key)' in \(file) is \(value), which is not supported; expected \(expected)"
        case .attentionTooWide(let heads, let headWidth, let limit):
            "'num_heads' \(heads) times 'd_kv' \(headWidth) passes \(limit)"
        case .bucketsPastDistance(let buckets, let maxDistance):
            "'relative_attention_max_distance' is \(maxDistance), expected more than half of "
                + "'relative_attention_num_buckets', which is \(buckets)"
        case .tokenOutsideVocabulary(let key, let token, let size):
            "'\(key)' is \(token), expected a token from 0 to \(size - 1)"
        case .sparseBlocksFitNoStep(let stack, let blocks):
            "the sparse blocks of the \(stack) are \(blocks.map(String.init).joined(separator: ", ")), "
                + "expected every n-th one from 1 on, or all"
        case .contradictoryConstraints(let file, let reason):
            "\(file) asks for what cannot be: \(reason)"
        case .noStartToken:
            "neither generation_config.json nor config.json gives 'decoder_start_token_id'; "
                + "expected the token that outputs begin with (0 in T5-family models)"
        }
    }
}
