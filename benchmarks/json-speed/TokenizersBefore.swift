/// The number of pieces in the file.
package func readTokenizerBefore(_ bytes: [UInt8]) throws -> Int {
    try TokenizerFile.decode(TokenizerDescription.self, from: bytes, file: "f").model.vocab.count
}
