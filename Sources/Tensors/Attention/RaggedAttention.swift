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
    /// They share out the columns of `output` evenly.
    package var heads: Int
    /// `[heads, 2 · reach - 1]` by distance.
    package var bias: Matrix
    /// Attention of every head, `[tokens, heads · width]`.
    package var output: Matrix
    /// What queries, keys, values and probabilities are rounded to.
    package var precision = KeyValuePool.Precision.float32

    package init(projections: Matrix, sequences: [Range<Int>], heads: Int, bias: Matrix, output: Matrix) {
        self.projections = projections
        self.sequences = sequences
        self.heads = heads
        self.bias = bias
        self.output = output
    }

    private static let panel = PackedMatrix.width
    private static let queriesPerBlock = 64

    /// What one thread works in, in floats from the start of its scratch.
    private struct Layout {
        /// Floats between rounded queries, and between rounded probabilities.
        let queryStride: Int
        let probabilityStride: Int
        /// Floats of one panel of keys and of one of values.
        let keyPanel: Int
        let valuePanel: Int
        let values: Int
        let scores: Int
        let rounded: Int
        let end: Int

        init(tokens: Int, width: Int, _ element: ck_element) {
            let group = element == CK_F32 ? 1 : 2
            (queryStride, probabilityStride) = ((width + group - 1) / group, (tokens + group - 1) / group)
            (keyPanel, valuePanel) = (queryStride * panel, probabilityStride * panel)
            values = (tokens + panel - 1) / panel * keyPanel
            scores = values + (width + panel - 1) / panel * valuePanel
            rounded = scores + queriesPerBlock * tokens
            end = rounded + (element == CK_F32 ? 0 : queriesPerBlock * max(queryStride, probabilityStride))
        }
    }

    private var inner: Int { output.columns }
    private var width: Int { inner / heads }
    private var element: ck_element { precision == .float32 ? CK_F32 : CK_BF16 }

    fileprivate var scratchCount: Int {
        Layout(tokens: sequences.reduce(1) { max($0, $1.count) }, width: width, element).end
    }

    fileprivate func run(sequence: Int, head: Int, scratch: UnsafeMutablePointer<Float>) {
        let tokens = sequences[sequence]
        let layout = Layout(tokens: tokens.count, width: width, element)
        for panel in 0..<(tokens.count + Self.panel - 1) / Self.panel {
            let first = tokens.lowerBound + panel * Self.panel
            ck_pack_keys(
                element,
                row(first, part: 1, head: head),
                projections.columns,
                width,
                min(Self.panel, tokens.upperBound - first),
                scratch + panel * layout.keyPanel
            )
        }
        for panel in 0..<(width + Self.panel - 1) / Self.panel {
            ck_pack_values(
                element,
                row(tokens.lowerBound, part: 2, head: head) + panel * Self.panel,
                projections.columns,
                min(Self.panel, width - panel * Self.panel),
                tokens.count,
                scratch + layout.values + panel * layout.valuePanel
            )
        }
        var first = tokens.lowerBound
        while first < tokens.upperBound {
            let queries = first..<min(first + Self.queriesPerBlock, tokens.upperBound)
            attend(queries, of: tokens, head: head, scratch, layout)
            first = queries.upperBound
        }
    }

    private func attend(
        _ queries: Range<Int>,
        of tokens: Range<Int>,
        head: Int,
        _ scratch: UnsafeMutablePointer<Float>,
        _ layout: Layout
    ) {
        let count = tokens.count
        let scores = scratch + layout.scores
        multiply(
            rounded(
                row(queries.lowerBound, part: 0, head: head),
                projections.columns,
                width,
                queries.count,
                scratch,
                layout
            ),
            by: (scratch, layout.keyPanel, layout.queryStride),
            into: (scores, count, count),
            rows: queries.count
        )
        for index in 0..<queries.count {
            let position = queries.lowerBound + index - tokens.lowerBound
            ck_add_scaled_f32(bias.biasRow(head: head, position: position), 1, scores + index * count, count)
            ck_softmax_f32(scores + index * count, count)
        }
        multiply(
            rounded(scores, count, count, queries.count, scratch, layout),
            by: (scratch + layout.values, layout.valuePanel, layout.probabilityStride),
            into: (output.base + queries.lowerBound * inner + head * width, inner, width),
            rows: queries.count
        )
    }

    /// Rows as a product takes them: where they are, or rounded into scratch.
    private func rounded(
        _ base: UnsafePointer<Float>,
        _ stride: Int,
        _ count: Int,
        _ rows: Int,
        _ scratch: UnsafeMutablePointer<Float>,
        _ layout: Layout
    ) -> ck_rows {
        guard element != CK_F32 else { return ck_rows(data: base, stride: stride * 4, scales: nil) }
        let (target, targetStride) = (scratch + layout.rounded, (count + 1) / 2)
        for row in 0..<rows { _ = ck_round_row(element, base + row * stride, count, target + row * targetStride) }
        return ck_rows(data: target, stride: targetStride * 4, scales: nil)
    }

    private func multiply(
        _ input: ck_rows,
        by panels: (base: UnsafeMutablePointer<Float>, size: Int, groups: Int),
        into output: (base: UnsafeMutablePointer<Float>, stride: Int, columns: Int),
        rows: Int
    ) {
        for panel in 0..<(output.columns + Self.panel - 1) / Self.panel {
            ck_product_panel(
                element,
                input,
                ck_panel(data: panels.base + panel * panels.size, groups: panels.groups, scales: nil, offsets: nil),
                output.base + panel * Self.panel,
                output.stride,
                min(Self.panel, output.columns - panel * Self.panel),
                rows,
                CK_STORE
            )
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
