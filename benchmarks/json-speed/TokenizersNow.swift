/// The number of pieces in the file.
package func readTokenizerNow(_ bytes: [UInt8]) throws -> Int {
    try TokenizerDescription(bytes, file: "f").model.vocab.count
}
