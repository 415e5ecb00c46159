/// Where the bytes of a PyTorch file's storages are.
///
/// There is one for every storage the pickle describes, and it has as many bytes as that says.
protocol TorchStorages: Sendable {
    /// - Throws: when the storage cannot be unpacked.
    func bytes(of key: String) throws(CheckpointError) -> ByteSource
}

extension Pickle.Storage {
    /// Checks that the elements fill exactly `found` bytes.
    func check(_ found: Int?, file: String) throws(CheckpointError) {
        guard let found else { throw .malformedStorage(file: file, storage: key, problem: .missing) }
        let (needed, overflow) = elementCount.multipliedReportingOverflow(by: type.bitCount / 8)
        guard !overflow, needed == found else {
            throw .malformedStorage(
                file: file,
                storage: key,
                problem: .wrongSize(elements: elementCount, type: type.rawValue, found: found)
            )
        }
    }
}
