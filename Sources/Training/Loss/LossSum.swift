import Foundation

/// Losses added up over tokens, and what the routers' are.
package struct LossSum: Equatable, Sendable, Codable {
    /// Of the tokens' labels, in nats.
    package var negativeLogLikelihood = 0.0
    /// The same with smoothed labels: what is trained for, without the router losses.
    package var smoothed = 0.0
    /// Labels that were asked for: what the sums are divided by.
    package var labels = 0
    /// Labels whose logit was the largest.
    package var hits = 0
    /// Means over the parts of the batch, weighted by their tokens.
    package var router = RouterLoss()

    package init() {}

    /// Nats a token.
    package var mean: Double { labels > 0 ? negativeLogLikelihood / Double(labels) : 0 }

    /// e to the mean.
    package var perplexity: Double { exp(mean) }

    /// The share of labels whose logit was the largest, from 0 to 1; 0 without labels.
    package var accuracy: Double { labels > 0 ? Double(hits) / Double(labels) : 0 }

    /// What is trained for, per token: the smoothed loss and the router losses.
    package func objective(_ regularization: Regularization) -> Double {
        (labels > 0 ? smoothed / Double(labels) : 0) + Double(regularization.balance) * router.balance
            + Double(regularization.routerZ) * router.z
    }

    /// Adds sums and counts, and the router losses as if they were sums: who wants their mean weighs them.
    package mutating func add(_ other: LossSum) {
        negativeLogLikelihood += other.negativeLogLikelihood
        smoothed += other.smoothed
        labels += other.labels
        hits += other.hits
        router.add(other.router)
    }
}
