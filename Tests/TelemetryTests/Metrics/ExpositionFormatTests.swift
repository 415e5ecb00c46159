import Testing

@testable import Telemetry

struct ExpositionFormatTests {
    static func text(_ registry: MetricsRegistry, _ format: ExpositionFormat) -> String {
        String(decoding: registry.exposition(format), as: UTF8.self)
    }

    @Test(
        arguments: [
            (nil, .prometheusText),
            ("", .prometheusText),
            ("*/*", .prometheusText),
            ("text/*", .prometheusText),
            ("application/json", .prometheusText),
            ("text/plain", .prometheusText),
            ("application/openmetrics-text", .openMetrics),
            ("APPLICATION/OpenMetrics-Text ; VERSION=1.0.0 ; Q=0.5", .openMetrics),
            ("application/openmetrics-text;version=2.0.0", .prometheusText),
            ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.1", .prometheusText),
            ("application/openmetrics-text;q=0", .prometheusText),
            ("application/openmetrics-text;q=0,*/*;q=0.1", .prometheusText),
            ("text/plain;q=0,application/openmetrics-text;q=0.1", .openMetrics),
            ("application/openmetrics-text;q=0.4,text/plain;q=0.5", .prometheusText),
            ("text/plain;q=0.4, application/openmetrics-text;q=0.5", .openMetrics),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "application/openmetrics-text;version=0.0.1;q=0.4,"
                    + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                .openMetrics
            ),
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,"
                    + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.1",
                .prometheusText
            ),
        ] as [(String?, ExpositionFormat)]
    )
    func theBestSupportedFormatIsNegotiated(accept: String?, format: ExpositionFormat) {
        #expect(ExpositionFormat(accept: accept) == format)
    }

    @Test func contentTypesNameTheVersions() {
        #expect(ExpositionFormat.prometheusText.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            ExpositionFormat.openMetrics.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        )
    }

    @Test func aCounterEndsInTotalAndOnlyTheTextFormatNamesTheFamilySo() {
        let registry = MetricsRegistry()
        registry.counter("work_done", "Work.", [MetricLabel("kind", "a")]).increment(by: 3)
        #expect(
            Self.text(registry, .prometheusText)
                == "# HELP work_done_total Work.\n# TYPE work_done_total counter\nwork_done_total{kind=\"a\"} 3\n"
        )
        #expect(
            Self.text(registry, .openMetrics)
                == "# TYPE work_done counter\n# HELP work_done Work.\nwork_done_total{kind=\"a\"} 3\n# EOF\n"
        )
    }

    @Test func onlyOpenMetricsDeclaresTheUnitBetweenTypeAndHelp() {
        let registry = MetricsRegistry()
        registry.gauge("age_seconds", "Age.").set(1.5)
        #expect(
            Self.text(registry, .prometheusText)
                == "# HELP age_seconds Age.\n# TYPE age_seconds gauge\nage_seconds 1.5\n"
        )
        #expect(
            Self.text(registry, .openMetrics)
                == "# TYPE age_seconds gauge\n# UNIT age_seconds seconds\n# HELP age_seconds Age.\n"
                + "age_seconds 1.5\n# EOF\n"
        )
    }

    @Test func helpAndLabelsAreEscaped() {
        let registry = MetricsRegistry()
        registry.gauge("g", "a\\b\n\"c\"", [MetricLabel("l", "x\\y\n\"z\"")]).set(1)
        let sample = "g{l=\"x\\\\y\\n\\\"z\\\"\"} 1\n"
        #expect(Self.text(registry, .prometheusText) == "# HELP g a\\\\b\\n\"c\"\n# TYPE g gauge\n" + sample)
        #expect(
            Self.text(registry, .openMetrics) == "# TYPE g gauge\n# HELP g a\\\\b\\n\\\"c\\\"\n" + sample + "# EOF\n"
        )
    }

    @Test(arguments: [
        (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0, "0"), (-2, "-2"), (0.25, "0.25"),
        (1e300, "1e+300"),
    ])
    func valuesAreWrittenAsBothFormatsReadThem(value: Double, expected: String) {
        let registry = MetricsRegistry()
        registry.gauge("g", "G.") { value }
        for format in ExpositionFormat.allCases {
            #expect(Self.text(registry, format).contains("\ng \(expected)\n"))
        }
    }

    @Test func aReadIsMadeAtEachScrape() {
        let registry = MetricsRegistry()
        let source = Counter()
        registry.counter("seen", "Seen.") { Double(source.value) }
        #expect(Self.text(registry, .prometheusText).hasSuffix("\nseen_total 0\n"))
        source.increment()
        #expect(Self.text(registry, .prometheusText).hasSuffix("\nseen_total 1\n"))
    }

    @Test func aHistogramIsCumulativeAndItsInfiniteBucketIsItsCount() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("h", "H.", buckets: [0.5, 1], [MetricLabel("l", "v")])
        for value in [0.25, 0.5, 1, 7] { histogram.observe(value) }
        #expect(
            Self.text(registry, .prometheusText) == """
                # HELP h H.
                # TYPE h histogram
                h_bucket{l="v",le="0.5"} 2
                h_bucket{l="v",le="1"} 3
                h_bucket{l="v",le="+Inf"} 4
                h_sum{l="v"} 8.75
                h_count{l="v"} 4

                """
        )
    }

    @Test func boundsAreCanonicalInOpenMetrics() {
        let registry = MetricsRegistry()
        _ = registry.histogram("h", "H.", buckets: [1e-5, 0.1, 1, 100_000, 1e6, 1_234_567.5, 1e16])
        let text = Self.text(registry, .openMetrics)
        let bounds = text.split(separator: "\n").compactMap { line in
            line.hasPrefix("h_bucket") ? String(line.split(separator: "\"")[1]) : nil
        }
        #expect(bounds == ["1e-05", "0.1", "1.0", "100000.0", "1e+06", "1.2345675e+06", "1e+16", "+Inf"])
        #expect(text.hasSuffix("\n# EOF\n"))
    }

    @Test func nothingIsStillAWholeExposition() {
        #expect(Self.text(MetricsRegistry(), .prometheusText).isEmpty)
        #expect(Self.text(MetricsRegistry(), .openMetrics) == "# EOF\n")
    }
}
