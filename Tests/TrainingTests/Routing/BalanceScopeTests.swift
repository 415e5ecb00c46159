import Tensors
import Testing

@testable import Training

/// A balance loss over a whole batch, whichever worker has its rows.
@Suite struct BalanceScopeTests {
    private func regularization(_ kind: BalanceLoss, over scope: BalanceScope) -> Regularization {
        var regularization = Regularization.none
        (regularization.balanceLoss, regularization.balanceOver, regularization.balance) = (kind, scope, 2)
        return regularization
    }

    /// Workers of a golden model, each with a part of its batch.
    private func workers(_ golden: GoldenModel, _ threads: Int, _ regularization: Regularization) -> GradientWorkers {
        GradientWorkers(golden.layers, values: golden.values, regularization, on: Workers(threads: threads))
    }

    private func gradients(_ golden: GoldenModel, _ threads: Int, _ regularization: Regularization) throws -> [Float] {
        let workers = workers(golden, threads, regularization)
        _ = try workers.add(golden.batch, labels: golden.batch.labelCount, Noise(seed: 1))
        try workers.reduce()
        return workers.gradients.elements
    }

    /// How far two gradients are apart, as a share of the first.
    private func distance(_ left: [Float], _ right: [Float]) -> Double {
        let size = left.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return zip(left, right).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot() / size
    }

    @Test(arguments: BalanceLoss.allCases)
    func overTheBatchTheNumberOfWorkersDoesNotMatter(kind: BalanceLoss) throws {
        let golden = try GoldenModel("untied")
        let (part, batch) = (regularization(kind, over: .part), regularization(kind, over: .batch))
        let one = try gradients(golden, 1, batch)
        #expect(try gradients(golden, 1, part) == one, "one part is the batch")
        #expect(distance(one, try gradients(golden, 3, batch)) < 1e-5)
        #expect(distance(one, try gradients(golden, 3, part)) > 1e-3, "over parts it does")
    }

    @Test(arguments: BalanceLoss.allCases)
    func overTheBatchTheLossIsThatOfOneWorker(kind: BalanceLoss) throws {
        let golden = try GoldenModel("untied")
        func loss(_ threads: Int, _ scope: BalanceScope) throws -> Double {
            try workers(golden, threads, regularization(kind, over: scope)).loss(golden.batch).loss.router.balance
        }
        let one = try loss(1, .part)
        #expect(abs(try loss(3, .batch) - one) < 1e-6 * abs(one))
        #expect(abs(try loss(3, .part) - one) > 1e-4 * abs(one))
    }
}
