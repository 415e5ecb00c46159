import Foundation
import Testing

@testable import Training

/// Pictures from a log.
@Suite struct RunReportTests {
    private let log = """
        {"step":1,"loss":3,"rate":0.1,"norm":2,"layers":[{"stack":"encoder","block":1,"tokens":[4,0]}]}
        not a line of the log
        {"step":2,"loss":"nan","rate":0.2,"norm":1,"layers":[{"stack":"encoder","block":1,"tokens":[2,2]}]}
        {"step":2,"validation":{"step":2,"loss":2.5,"perplexity":12,"accuracy":0.5,"bleu":7,"imbalance":1,"dropped":0}}
        {"step":2,"ailment":"exploding","finding":"a <b>","advice":"try","remedy":"report"}
        """

    @Test func everyPictureIsWellFormed() throws {
        let report = RunReport(log: log)
        #expect(
            report.pictures.map(\.name) == ["loss.svg", "rate.svg", "norm.svg", "bleu.svg", "experts-encoder-1.svg"]
        )
        for picture in report.pictures {
            let parser = XMLChecker()
            #expect(parser.isWellFormed(picture.svg), "\(picture.name)")
            #expect(!picture.svg.contains("nan") && !picture.svg.contains("http://www.w3.org/2000/svgx"))
        }
    }

    @Test func aCurveGoesFromCornerToCornerOfAFrameWithRoomAroundIt() {
        let chart = LineChart("t", .init(across: "steps <", upwards: "nats"), [.init("a", [(0, 1), (10, 3)])])
        #expect(chart.svg.contains("points=\"92.0,272.0 712.0,42.0\""))
        #expect(chart.svg.contains(">steps &lt;</text>") && chart.svg.contains("rotate(-90)\">nats</text>"))
        #expect(LineChart("t", .init(), [.init("a", [(0, 1)])]).svg.contains("<circle"))
        #expect(LineChart("t", .init(), []).svg.contains("no values yet"))
    }

    @Test func ticksAreRoundNumbers() {
        func labels(_ chart: LineChart) -> [Substring] {
            chart.svg.matches(of: />([-+.e0-9]+)<\/text>/).map(\.output.1)
        }
        #expect(
            labels(LineChart("t", .init(), [.init("a", [(10, 2.7), (3000, 9.01)])])) == [
                "4", "6", "8", "1000", "2000", "3000",
            ]
        )
        var powers = LineChart("t", .init(), [.init("a", [(0.001, 1), (0.0105, 30)])])
        (powers.scale, powers.horizontal) = (.logarithmic, .logarithmic)
        #expect(labels(powers) == ["1", "2", "5", "10", "20", "0.001", "0.002", "0.005", "0.01"])
        #expect(labels(LineChart("t", .init(), [.init("a", [(1e7, 0), (1e7, 0)])])).contains("0"))
    }

    @Test func anEvenShareIsHalfDark() {
        #expect(HeatMap("t", [[5, 5]], steps: 1...1).svg.components(separatedBy: "fill-opacity=\"0.50\"").count == 3)
        #expect(HeatMap("t", [[10, 0]], steps: 1...1).svg.contains("fill-opacity=\"1.00\""))
    }

    @Test func thePageNamesTroublesAndEscapesThem() {
        let page = RunReport(log: log).page(title: "a&b").html
        #expect(page.contains("a &lt;b&gt;") && page.contains("<h1>a&amp;b</h1>") && page.contains("loss.svg"))
    }
}

/// Whether every element that is opened is closed, in order.
struct XMLChecker {
    func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        for tag in text.matches(of: /<(\/?)([a-z]+)[^<>]*?(\/?)>/).map(\.output) {
            if tag.1 == "/" {
                guard open.popLast() == tag.2 else { return false }
            } else if tag.3 != "/" {
                open.append(tag.2)
            }
        }
        return open.isEmpty
    }
}
