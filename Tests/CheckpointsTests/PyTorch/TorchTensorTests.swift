import Testing

@testable import Checkpoints

/// What is said of a tensor in a storage of four Float32 that may repeat it into ten.
private func problem(offset: Int, _ shape: [PickleValue], _ strides: [PickleValue]) throws -> EntryProblem? {
    var limits = PickleLimits()
    limits.repeatedElements = 10
    var pickle = Pickle(ByteSource([]), limits: limits)
    _ = try pickle.addStorage(Pickle.Storage(key: "0", type: .f32, elementCount: 4))
    guard case .tuple(let shape) = try pickle.addTuple(shape[...]),
        case .tuple(let strides) = try pickle.addTuple(strides[...])
    else { return nil }
    do throws(EntryProblem) {
        _ = try TorchTensor(Pickle.Tensor(storage: 0, offset: offset, shape: shape, strides: strides), in: pickle)
        return nil
    } catch {
        return error
    }
}

private func problem(offset: Int = 0, shape: [Int], strides: [Int]) throws -> EntryProblem? {
    try problem(offset: offset, shape.map { .integer($0) }, strides.map { .integer($0) })
}

@Suite struct TorchTensorTests {
    private static let most = Int.max

    @Test func aTensorMayReachTheEndOfItsStorage() throws {
        #expect(try problem(shape: [2, 2], strides: [2, 1]) == nil)
        #expect(try problem(shape: [2, 2], strides: [1, 2]) == nil)
        #expect(try problem(offset: 4, shape: [0], strides: [1]) == nil)
        #expect(try problem(offset: 3, shape: [], strides: []) == nil)
    }

    @Test(arguments: [
        (1, [2, 2], [2, 1], 5), (0, [2, 2], [3, 1], 5), (5, [0], [1], 5), (most, [2, 2], [2, 1], most),
    ])
    func aTensorBeyondItsStorageIsRefused(offset: Int, shape: [Int], strides: [Int], end: Int) throws {
        #expect(
            try problem(offset: offset, shape: shape, strides: strides) == .outsideStorage(end: end, elements: 4)
        )
    }

    @Test(arguments: [
        ([1 << 32, 1 << 32], [0, 0]), ([1 << 62], [0]), ([3, 2], [most, 1]), ([2, 2], [most, 1]), ([most, 3], [1, 0]),
    ])
    func aSizePast64BitsIsRefused(shape: [Int], strides: [Int]) throws {
        #expect(try problem(shape: shape, strides: strides) == .impossibleSize)
    }

    @Test func repeatedElementsAreLimited() throws {
        #expect(try problem(shape: [10], strides: [0]) == nil)
        #expect(try problem(shape: [11], strides: [0]) == .repeated(elements: 11, limit: 10))
        #expect(try problem(shape: [4, 4], strides: [0, 1]) == .repeated(elements: 16, limit: 10))
    }

    @Test func whatIsNoSizeIsNamed() throws {
        let (one, two): (PickleValue, PickleValue) = (.integer(1), .integer(2))
        for bad: PickleValue in [.integer(-1), .none, .bool(true), .long(PickleSpan(0..<9))] {
            #expect(try problem(offset: 0, [bad, two], [two, one]) == .badMember("shape"))
            #expect(try problem(offset: 0, [two, two], [bad, one]) == .badMember("stride"))
        }
        #expect(try problem(shape: [2, 2], strides: [1]) == .badMember("stride"))
        #expect(try problem(offset: -1, shape: [2], strides: [1]) == .badMember("offset"))
    }

    @Test(arguments: [(4, nil), (3, 16), (5, 16), (1 << 62, 16), (0, 1)] as [(Int, Int?)])
    func aStorageHasJustTheBytesItsElementsFill(elements: Int, bytes: Int?) throws {
        let storage = Pickle.Storage(key: "0", type: .f32, elementCount: elements)
        #expect(throws: Never.self) { try Pickle.Storage(key: "0", type: .f32, elementCount: 4).check(16, file: "f") }
        let problem = bytes.map { StorageProblem.wrongSize(elements: elements, type: "F32", found: $0) } ?? .missing
        #expect(throws: CheckpointError.malformedStorage(file: "f", storage: "0", problem: problem)) {
            try storage.check(bytes, file: "f")
        }
    }
}
