#if CALLS
import Ranks
import Tensors

/// Reads the bytes as rows for experts; what can be read is what they say.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let precisions: [WeightPrecision] = [.float32, .bfloat16, .int8, .int4]
    let bounds = ExpertCall.Bounds(layers: 3, experts: 8, columns: 64, precision: precisions[Int(start[0]) % 4])
    let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    let (message, input) = (RankMessage(), ProductInput())
    message.append(bytes: bytes.count) { $0.copyMemory(from: bytes) }
    input.begin(columns: bounds.columns, as: bounds.precision)
    var calls = ReceivedCalls()
    do throws(RanksError) {
        _ = try calls.read(message, from: 1, bounds, into: input) { $1 != 6 }
        precondition(calls.runs.allSatisfy { (0..<bounds.layers).contains($0.layer) })
        precondition(calls.runs.allSatisfy { (0..<bounds.experts).contains($0.expert) && $0.expert != 6 })
        precondition(calls.runs.reduce(0) { $1.rows.lowerBound == $0 ? $1.rows.upperBound : -1 } == input.rows)
        precondition(calls.rows == input.rows)
        // Rows are the end of the message: written again they are its last bytes.
        let again = RankMessage()
        for row in 0..<input.rows {
            again.append(bytes: input.byteCount(row: row)) { input.write(row: row, to: $0) }
        }
        precondition(again.bytes.elementsEqual(bytes.suffix(again.count)))
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}
#else
/// Reads the bytes as the card of a rank; what can be read is written as it was, but for text that is no Unicode.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let message = RankMessage()
    message.append(bytes: count) { $0.copyMemory(from: bytes) }
    do throws(RanksError) {
        let card = try RankCard(message, from: 1)
        precondition(card.facts.count <= RankCard.mostFacts)
        let again = RankMessage()
        card.write(to: again)
        let read = try RankCard(again, from: 1)
        precondition(read == card)
        precondition(RankCard.difference([card, card]) == nil || Set(card.facts.map(\.name)).count < card.facts.count)
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}
#endif
