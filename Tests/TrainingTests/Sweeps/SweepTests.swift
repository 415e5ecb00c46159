import Foundation
import Testing

@testable import Training

/// Which trials a sweep has, and what it shows of them.
@Suite struct SweepTests {
    @Test func aGridIsEveryCombination() throws {
        let plan = try SweepPlan([try SweepAxis("a=1,2"), try SweepAxis("--b=x,true,false")], .grid)
        #expect(plan.trials.map(\.number) == [1, 2, 3, 4, 5, 6])
        #expect(
            plan.trials.map(\.arguments) == [
                ["--a=1", "--b=x"], ["--a=1", "--b"], ["--a=1"], ["--a=2", "--b=x"], ["--a=2", "--b"], ["--a=2"],
            ]
        )
        #expect(plan.trials[3].description == "a 2, b x")
    }

    @Test func drawnTrialsStayAsTheyAreWhenMoreAreAsked() throws {
        let axes = [
            try SweepAxis("rate=log:1e-4..1e-2"), try SweepAxis("width=16..18"), try SweepAxis("tied=true,false"),
        ]
        let few = try SweepPlan(axes, .random(trials: 3, seed: 7))
        let many = try SweepPlan(axes, .random(trials: 400, seed: 7))
        #expect(Array(many.trials.prefix(3)) == few.trials)
        #expect(try SweepPlan(axes, .random(trials: 3, seed: 8)) != few)
        let rates = many.trials.compactMap { Double($0.settings[0].value) }
        #expect(rates.count == 400 && rates.allSatisfy { (1e-4...1e-2).contains($0) })
        let below = rates.count { $0 < 1e-3 }
        #expect((160...240).contains(below), "half of the powers are below the middle one, not \(below) of 400")
        #expect(Set(many.trials.map { $0.settings[1].value }) == ["16", "17", "18"])
        #expect(Set(many.trials.map { $0.settings[2].value }) == ["true", "false"])
    }

    @Test(
        arguments: [
            "", "a", "a=", "=1", "a=1,,2", "a=1,1", "a=2..1", "a=x..1", "a=1..", "a=log:0..1", "a=-1e309..1e309",
            "a=0..9223372036854775807",
        ]
    )
    func anAxisThatIsNoneIsNamed(text: String) {
        #expect(throws: TrainingError.self) { try SweepAxis(text) }
    }

    @Test func aGridHasNoRangesNothingTwiceAndALimit() throws {
        let range = try SweepAxis("a=0..1")
        #expect(throws: TrainingError.self) { try SweepPlan([range], .grid) }
        let list = try SweepAxis("a=0,1")
        #expect(throws: TrainingError.self) { try SweepPlan([list, list], .grid) }
        let long = try SweepAxis("a=" + (0..<101).map(String.init).joined(separator: ","))
        let other = try SweepAxis("b=" + (0..<100).map(String.init).joined(separator: ","))
        #expect(throws: TrainingError.tooManyTrials(limit: 10_000)) { try SweepPlan([long, other], .grid) }
        #expect(
            try SweepPlan([other, SweepAxis("c=" + (0..<100).map(String.init).joined(separator: ","))], .grid).trials
                .count == 10_000
        )
    }

    private func result(_ number: Int, _ value: String, loss: Double?) -> SweepResult {
        var progress = TrainingState.Progress(monitor: HealthMonitor(HealthPolicy()))
        (progress.step, progress.seconds) = (30, 90)
        progress.best = loss.map {
            Validation(step: 20, loss: $0, perplexity: 1, accuracy: 0, bleu: nil, imbalance: 1, dropped: 0)
        }
        let trial = SweepTrial(number: number, settings: [.init(name: "kind", value: value)])
        return SweepResult(trial, progress, loss == nil ? .unhealthy("") : .completed)
    }

    @Test func theBestTrialComesFirstAndASickOneLast() throws {
        let results = [result(1, "a<b", loss: nil), result(2, "c", loss: 3), result(3, "d", loss: 2)]
        let log = """
            {"step":10,"validation":{"step":10,"loss":2.5,"perplexity":12,"accuracy":0.5,"imbalance":1,"dropped":0}}
            {"step":20,"validation":{"step":20,"loss":2,"perplexity":12,"accuracy":0.5,"imbalance":1,"dropped":0}}
            """
        let report = SweepReport(results, [try SweepAxis("kind=a<b,c,d")], logs: [3: log])
        #expect(
            report.text == """
                trial  kind  steps  minutes  loss    BLEU  best at  ending
                3      d     30     1.5      2.0000        20       completed
                2      c     30     1.5      3.0000        20       completed
                1      a<b   30     1.5                             unhealthy
                """
        )
        let page = report.page(title: "t")
        #expect(page.pictures.map(\.name) == ["loss.svg", "by-kind.svg"])
        #expect(page.html.contains("<td>a&lt;b</td>"))
        #expect(page.pictures[0].svg.contains("points=\"92.0,42.0 712.0,272.0\""))
        #expect(page.pictures[1].svg.components(separatedBy: "<circle").count == 3)
        for picture in page.pictures { #expect(XMLChecker().isWellFormed(picture.svg), "\(picture.name)") }
    }
}
