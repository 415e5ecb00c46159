import Generation
import JSON

/// OpenAI's response, complete or on its way.
struct ResponseObject: Encodable, Sendable {
    /// How far it has come.
    enum Progress: Sendable {
        case begun
        case complete(ResponseMessage, Usage)
        case failed(APIError)
    }

    /// Why a response is no complete one.
    struct Incompleteness: Encodable, Sendable {
        let reason = "max_output_tokens"
    }

    private struct Failure: Encodable, Sendable {
        var code: String
        var message: String
    }

    private struct Format: Encodable, Sendable {
        struct Kind: Encodable, Sendable {
            let type = "text"
        }

        let format = Kind()
    }

    private let id: String
    private let object = "response"
    private let createdAt: Int
    private let status: String
    private let model: String
    private let output: [ResponseMessage]
    private let metadata: [String: String]
    private let parallelToolCalls = true
    private let tools: [String] = []
    private let toolChoice = "auto"
    private let text = Format()
    private let truncation = "disabled"
    private let background = false
    /// Nothing is kept, whatever was asked.
    private let store = false
    private let maximumOutputTokens: Int
    @OrNull private var error: Failure?
    @OrNull private var incompleteDetails: Incompleteness?
    @OrNull private var instructions: String?
    @OrNull private var previousResponseID: String?
    @OrNull private var temperature: Double?
    @OrNull private var topP: Double?
    @OrNull private var usage: ResponseUsage?

    private enum CodingKeys: String, CodingKey {
        case id, object, status, model, output, metadata, tools, text, truncation, background, store, error
        case instructions, temperature, usage
        case createdAt = "created_at"
        case parallelToolCalls = "parallel_tool_calls"
        case toolChoice = "tool_choice"
        case maximumOutputTokens = "max_output_tokens"
        case incompleteDetails = "incomplete_details"
        case previousResponseID = "previous_response_id"
        case topP = "top_p"
    }

    init(_ run: CompletionRun, _ said: SaidAgain, _ progress: Progress) {
        (id, createdAt, model) = (run.identity.id, run.identity.created, run.model.id)
        maximumOutputTokens = run.parameters.template.stop.maximumTokens
        (metadata, instructions) = (said.metadata, said.instructions)
        (temperature, topP) = (said.temperature, said.topP)
        previousResponseID = nil
        switch progress {
        case .begun:
            (status, output) = ("in_progress", [])
            (error, incompleteDetails, usage) = (nil, nil, nil)
        case .complete(let message, let used):
            status = message.status
            (output, incompleteDetails) = ([message], message.incompleteness)
            (error, usage) = (nil, ResponseUsage(used))
        case .failed(let failure):
            (status, output) = ("failed", [])
            let face = failure.face
            error = Failure(code: face.code ?? face.type, message: face.message)
            (incompleteDetails, usage) = (nil, nil)
        }
    }
}

/// Tokens read and written, in the words of OpenAI's responses.
struct ResponseUsage: Encodable, Sendable {
    private struct InputDetails: Encodable, Sendable {
        let cached = 0

        private enum CodingKeys: String, CodingKey {
            case cached = "cached_tokens"
        }
    }

    private struct OutputDetails: Encodable, Sendable {
        let reasoning = 0

        private enum CodingKeys: String, CodingKey {
            case reasoning = "reasoning_tokens"
        }
    }

    private let input: Int
    private let output: Int
    private let total: Int
    private let inputDetails = InputDetails()
    private let outputDetails = OutputDetails()

    private enum CodingKeys: String, CodingKey {
        case input = "input_tokens"
        case inputDetails = "input_tokens_details"
        case output = "output_tokens"
        case outputDetails = "output_tokens_details"
        case total = "total_tokens"
    }

    init(_ usage: Usage) {
        (input, output) = (usage.promptTokens, usage.completionTokens)
        total = input + output
    }
}
