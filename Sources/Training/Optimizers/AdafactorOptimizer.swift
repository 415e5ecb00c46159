import Foundation
import Tensors

/// Adafactor without momentum (Shazeer and Stern, 2018, algorithms 4 and 5): second moments of matrices are kept as means of
/// rows and of columns.
final class AdafactorOptimizer: Optimizer {
    private let settings: OptimizerSettings
    private let layout: ParameterLayout
    /// Which of the parameters are here and learnt.
    private let kept: [Int]
    /// Means of squares of rows, and of columns; a vector's squares are all in the columns.
    private let rowMeans: FloatBuffer
    private let columnMeans: FloatBuffer
    /// What gradients are multiplied with in the current step, in the places of the means.
    private let rowFactors: FloatBuffer
    private let columnFactors: FloatBuffer
    private let places: [(rows: Range<Int>, columns: Range<Int>)]
    private(set) var steps = 0

    /// Added to squares, and the least root mean square of a parameter that its rate is a share of.
    private static let squareFloor: Float = 1e-30
    private static let scaleFloor = 1e-3

    init(_ settings: OptimizerSettings, _ layout: ParameterLayout, _ share: ParameterShare) {
        self.settings = settings
        self.layout = layout
        kept = layout.parameters.indices.filter { share.learns(layout.parameters[$0]) }
        var places: [(rows: Range<Int>, columns: Range<Int>)] = []
        var (rows, columns) = (0, 0)
        for parameter in layout.parameters {
            places.append((rows..<rows + parameter.rows, columns..<columns + parameter.columns))
            (rows, columns) = (rows + parameter.rows, columns + parameter.columns)
        }
        self.places = places
        (rowMeans, rowFactors) = (FloatBuffer(count: rows), FloatBuffer(count: rows))
        (columnMeans, columnFactors) = (FloatBuffer(count: columns), FloatBuffer(count: columns))
    }

    var memory: [ParameterMemory] {
        [
            ParameterMemory(name: "row_means", buffer: rowMeans, places: places.map(\.rows)),
            ParameterMemory(name: "column_means", buffer: columnMeans, places: places.map(\.columns)),
        ]
    }

    func resume(steps: Int) { self.steps = steps }

    func step(_ values: FloatBuffer, _ gradients: FloatBuffer, rate: Float, gradientScale: Float, on workers: Workers) {
        steps += 1
        workers.forEach(kept.count) { index, _ in
            update(kept[index], values, gradients, rate: rate, gradientScale: gradientScale)
        }
    }

    private func update(
        _ index: Int,
        _ values: FloatBuffer,
        _ gradients: FloatBuffer,
        rate: Float,
        gradientScale: Float
    ) {
        let parameter = layout.parameters[index]
        let (value, gradient) = (parameter.view(in: values), parameter.view(in: gradients))
        remember(gradient, index, gradientScale)
        var factors = self.factors(index, isMatrix: parameter.shape.count > 1)
        factors.scale = gradientScale
        let updateSize = (gradient.sumOfSquares(factors) / Double(max(parameter.count, 1))).squareRoot()
        var rate = Double(rate * settings.rate(of: parameter.role))
        if settings.scalesWithParameters {
            rate *= max(Self.scaleFloor, (value.sumOfSquares / Double(max(parameter.count, 1))).squareRoot())
        }
        factors.scale *= Float(rate / max(1, updateSize))
        let shrinking = 1 - rate * Double(settings.weightDecay(of: parameter.role))
        value.update(gradient, factors, shrinking: Float(shrinking))
    }

    /// Moves the means towards those of this step's squares.
    private func remember(_ gradient: FloatRows, _ index: Int, _ scale: Float) {
        let (rows, columns) = (rowFactors[places[index].rows], columnFactors[places[index].columns])
        gradient.squareMeans(scale: scale, floor: Self.squareFloor, rowMeans: rows, columnMeans: columns)
        let share = Float(pow(Double(steps), -0.8))
        rowMeans[places[index].rows].blend(rows, share: share)
        columnMeans[places[index].columns].blend(columns, share: share)
    }

    private func factors(_ index: Int, isMatrix: Bool) -> FloatRows.Factors {
        let place = places[index]
        let (rows, columns) = (rowFactors[place.rows], columnFactors[place.columns])
        let means = rowMeans[place.rows]
        var mean = 0.0
        for row in 0..<means.count { mean += Double(means[0, row]) / Double(means.count) }
        for row in 0..<rows.count { rows[0, row] = isMatrix ? Float((mean / Double(means[0, row])).squareRoot()) : 1 }
        let squares = columnMeans[place.columns]
        for column in 0..<columns.count { columns[0, column] = 1 / squares[0, column].squareRoot() }
        return FloatRows.Factors(rows: rows, columns: columns, scale: 1)
    }
}
