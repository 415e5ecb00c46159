import CKernels

/// Self-attention within each of several sequences laid end to end: every token sees its whole sequence.
///
/// Keys and values of one head are packed like weights, so that scores and sums run on the product kernels. Scores are
/// held for a block of queries at a time.
package struct RaggedAttention {
    /// `[tokens, 3 · heads · width]`: queries, keys and values side by side.
    package var projections: Matrix
    /// The rows of each sequence.
    package var sequences: [Range<Int>]
    package var heads: Int
    /// `[heads, 2 · reach - 1]` by distance.
    package var bias: Matrix
    /// Attention of every head, `[tokens, heads · width]`.
    package var output: Matrix

    package init(projections: Matrix, sequences: [Range<Int>], heads: Int, bias: Matrix, output: Matrix) {
        self.projections = projections
        self.sequences = sequences
        self.heads = heads
        self.bias = bias
        self.output = output
    }

    private static let panel = PackedMatrix.width
    private static let queriesPerBlock = 64

    private var inner: Int { output.columns }
    private var width: Int { inner / heads }
    private var widthPanels: Int { (width + Self.panel - 1) / Self.panel }

    fileprivate var longest: Int { sequences.reduce(1) { max($0, $1.count) } }

    /// Floats one thread needs: packed keys, packed values, scores of a block.
    fileprivate var scratchCount: Int {
        let keys = (longest + Self.panel - 1) / Self.panel * Self.panel * width
        let values = widthPanels * Self.panel * longest
        return keys + values + Self.queriesPerBlock * longest
    }

    fileprivate func run(sequence: Int, head: Int, scratch: UnsafeMutablePointer<Float>) {
        let tokens = sequences[sequence]
        let keyPanels = (tokens.count + Self.panel - 1) / Self.panel
        let keys = scratch
        let values = keys + keyPanels * Self.panel * width
        let scores = values + widthPanels * Self.panel * tokens.count
        packKeys(tokens, head: head, into: keys)
        packValues(tokens, head: head, into: values)

        var first = tokens.lowerBound
        while first < tokens.upperBound {
            let queries = first..<min(first + Self.queriesPerBlock, tokens.upperBound)
            attend(queries, of: tokens, head: head, (keys, values, scores))
            first = queries.upperBound
        }
    }

    private func attend(
        _ queries: Range<Int>,
        of tokens: Range<Int>,
        head: Int,
        _ packed: (
            keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, scores: UnsafeMutablePointer<Float>
        )
    ) {
        let (keys, values, scores) = packed
        let count = tokens.count
        let query = projections.base + queries.lowerBound * projections.columns + head * width
        for panel in 0..<(count + Self.panel - 1) / Self.panel {
            Self.multiply(
                (query, projections.columns),
                (keys + panel * Self.panel * width, width),
                into: (scores + panel * Self.panel, count),
                outputs: min(Self.panel, count - panel * Self.panel),
                rows: queries.count
            )
        }
        for index in 0..<queries.count {
            let position = queries.lowerBound + index - tokens.lowerBound
            ck_add_scaled_f32(bias.biasRow(head: head, position: position), 1, scores + index * count, count)
            ck_softmax_f32(scores + index * count, count)
        }
        let target = output.base + queries.lowerBound * inner + head * width
        for panel in 0..<widthPanels {
            Self.multiply(
                (scores, count),
                (values + panel * Self.panel * count, count),
                into: (target + panel * Self.panel, inner),
                outputs: min(Self.panel, width - panel * Self.panel),
                rows: queries.count
            )
        }
    }

    /// One panel of a Float32 product.
    private static func multiply(
        _ input: (base: UnsafeMutablePointer<Float>, stride: Int),
        _ panel: (base: UnsafeMutablePointer<Float>, inputs: Int),
        into output: (base: UnsafeMutablePointer<Float>, stride: Int),
        outputs: Int,
        rows: Int
    ) {
        ck_product_panel(
            CK_F32,
            ck_rows(data: input.base, stride: input.stride * MemoryLayout<Float>.size, scales: nil),
            ck_panel(data: panel.base, groups: panel.inputs, scales: nil, offsets: nil),
            output.base,
            output.stride,
            outputs,
            rows,
            CK_STORE
        )
    }

    private func packKeys(_ tokens: Range<Int>, head: Int, into keys: UnsafeMutablePointer<Float>) {
        for panel in 0..<(tokens.count + Self.panel - 1) / Self.panel {
            let target = keys + panel * Self.panel * width
            for lane in 0..<Self.panel {
                let position = panel * Self.panel + lane
                if position < tokens.count {
                    let key = row(tokens.lowerBound + position, part: 1, head: head)
                    for index in 0..<width { target[index * Self.panel + lane] = key[index] }
                } else {
                    for index in 0..<width { target[index * Self.panel + lane] = 0 }
                }
            }
        }
    }

    private func packValues(_ tokens: Range<Int>, head: Int, into values: UnsafeMutablePointer<Float>) {
        for panel in 0..<widthPanels {
            let used = min(Self.panel, width - panel * Self.panel)
            for position in 0..<tokens.count {
                let target = values + (panel * tokens.count + position) * Self.panel
                let value = row(tokens.lowerBound + position, part: 2, head: head) + panel * Self.panel
                target.update(from: value, count: used)
                (target + used).update(repeating: 0, count: Self.panel - used)
            }
        }
    }

    /// One head's columns of the queries (part 0), keys (1) or values (2) of a token.
    private func row(_ token: Int, part: Int, head: Int) -> UnsafeMutablePointer<Float> {
        projections.base + token * projections.columns + part * inner + head * width
    }
}

extension Workers {
    /// One region, one tile for each head of each sequence.
    ///
    /// `scratch` is resized to what the threads need.
    package func run(_ attention: RaggedAttention, scratch: Matrix) {
        // Panels are read in whole vectors: rows of scratch start at multiples of 64 bytes.
        let stride = (attention.scratchCount + 15) / 16 * 16
        scratch.resize(rows: threads, columns: stride)
        forEach(attention.sequences.count * attention.heads) { tile, thread in
            attention.run(
                sequence: tile / attention.heads,
                head: tile % attention.heads,
                scratch: scratch.base + thread * stride
            )
        }
    }
}
