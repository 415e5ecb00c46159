import Foundation

/// Which kind of input the bytes are; set at build time, so that each fuzzer keeps to its own.
#if PICKLES
private let wrapped = true
#else
private let wrapped = false
#endif

/// Opens the bytes as a weight file, or as the pickle of one, and reads every tensor it then has.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do {
        let file = try TorchFile(ByteSource(wrapped ? archive(bytes) : bytes), file: "f")
        precondition(file.storedNames.isSubset(of: file.names))
        for name in file.names {
            guard let tensor = try? file.tensor(named: name) else { continue }
            precondition(tensor.elementCount == tensor.shape.reduce(1, *))
            guard tensor.elementCount <= 1 << 16 else { continue }
            let floats = tensor.floats()
            precondition(tensor.firstNonFinite() == floats.firstIndex { !$0.isFinite })
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

/// A zip archive of the pickle and of the storages it describes, as long as they are small.
private func archive(_ pickle: [UInt8]) -> [UInt8] {
    var members = [("a/data.pkl", pickle)]
    for storage in (try? Unpickler.read(ByteSource(pickle)))?.storages.prefix(32) ?? [] {
        guard storage.elementCount <= 1024, storage.key.utf8.count < 256 else { continue }
        let bytes = storage.elementCount * storage.type.bitCount / 8
        members.append(("a/data/\(storage.key)", [UInt8](repeating: 1, count: bytes)))
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, data) in members {
        let numbers = little(Inflate.checksum(ByteSource(data)), 4) + little(data.count, 4) + little(data.count, 4)
        let fields = little(20, 2) + little(0, 8) + numbers + little(name.utf8.count, 2) + little(0, 2)
        directory += little(0x0201_4B50, 4) + little(20, 2) + fields + little(0, 10) + little(file.count, 4) + name.utf8
        file += little(0x0403_4B50, 4) + fields + name.utf8 + data
    }
    let sizes = little(members.count, 2) + little(members.count, 2) + little(directory.count, 4) + little(file.count, 4)
    return file + directory + little(0x0605_4B50, 4) + little(0, 4) + sizes + little(0, 2)
}

private func little(_ number: some BinaryInteger, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}
