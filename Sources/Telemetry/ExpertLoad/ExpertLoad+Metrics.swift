extension ExpertLoad {
    /// Adds the families of each sparse layer to `registry`.
    package func register(in registry: MetricsRegistry) {
        for (index, layer) in layers.enumerated() {
            let labels = [MetricLabel("stack", layer.stack.rawValue), MetricLabel("layer", "\(layer.block)")]
            registerCounters(index, labels, registry)
            registerWindow(index, labels, registry)
        }
    }

    private func registerCounters(_ layer: Int, _ labels: [MetricLabel], _ registry: MetricsRegistry) {
        func counter(_ name: String, _ help: String, _ read: @escaping @Sendable (Totals) -> Double) {
            registry.counter("switchyard_router_\(name)", help, labels) { [self] in read(totals[layer]) }
        }
        counter("tokens", "Tokens routed.") { Double(($0.load.tokens + $0.load.dropped).reduce(0, +)) }
        counter("dropped_tokens", "Tokens that found their expert full.") { Double($0.load.dropped.reduce(0, +)) }
        counter("entropy_nats", "Sum over tokens of the entropy of the router's distribution.") { $0.load.entropySum }
        counter("top1_probability", "Sum over tokens of the winning probability.") { $0.load.topProbabilitySum }
        counter("max_expert_tokens", "Sum over passes of the busiest expert's tokens.") { Double($0.busiestTokens) }
        counter("passes", "Forward passes.") { Double($0.passes) }
        counter("active_experts", "Sum over passes of the experts that had tokens.") { Double($0.activeExperts) }
        registry.adopt(
            imbalances(layer: layer),
            "switchyard_router_imbalance_ratio",
            "The busiest expert's tokens over the mean, in passes of at least two tokens per expert.",
            labels
        )
    }

    private func registerWindow(_ layer: Int, _ labels: [MetricLabel], _ registry: MetricsRegistry) {
        func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable (LayerLoad) -> Double) {
            registry.gauge("switchyard_router_window_\(name)", help, labels) { [self] in read(window[layer]) }
        }
        gauge("imbalance_ratio", "The busiest expert's tokens over the mean in the last five minutes.") {
            $0.imbalance ?? .nan
        }
        gauge("coefficient_of_variation", "Spread of the experts' tokens over their mean in the last five minutes.") {
            $0.coefficientOfVariation ?? .nan
        }
        gauge("dead_experts", "Experts without a token in the last five minutes.") { load in
            Double(load.tokens.count { $0 == 0 })
        }
    }

    /// `expertFamilies` alone, as bytes to serve; each call reads the totals again.
    package func expertExposition(_ format: ExpositionFormat) -> [UInt8] {
        format.write(expertFamilies)
    }

    /// One series for each expert, kept apart from the others because there may be many.
    package var expertFamilies: [MetricFamily] {
        var tokens = MetricFamily(
            name: "switchyard_expert_tokens",
            help: "Tokens an expert computed.",
            kind: .counter
        )
        var dropped = MetricFamily(
            name: "switchyard_expert_dropped_tokens",
            help: "Tokens an expert had no room for.",
            kind: .counter
        )
        for (layer, totals) in zip(layers, totals) {
            for expert in 0..<layer.experts {
                let labels = [
                    MetricLabel("stack", layer.stack.rawValue), MetricLabel("layer", "\(layer.block)"),
                    MetricLabel("expert", "\(expert)"),
                ]
                let (computed, lost) = (Double(totals.load.tokens[expert]), Double(totals.load.dropped[expert]))
                _ = tokens.instrument(labels) { .read { computed } }
                _ = dropped.instrument(labels) { .read { lost } }
            }
        }
        return [tokens, dropped]
    }
}
