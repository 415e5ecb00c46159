import SwitchModel
import Testing

@Suite struct UnitScalesTests {
    @Test func unitsAsLargeAsOthersStayWhereTheyAre() {
        let scales = UnitScales(peaks: [1, 1.2, 0.9, 2, 0.5, 1.1], group: 6)
        #expect(scales == .none && scales.count == 0 && scales.unitFactors.isEmpty && scales.columnFactors.isEmpty)
    }

    @Test func columnsBecomeAboutAsLargeAsTheTypicalOne() {
        let peaks: [Float] = [1, 1, 0.9, 1.1, 1 / 1024, 700, 1, 1, 1e-4]
        let scales = UnitScales(peaks: peaks, group: peaks.count)
        #expect(scales.exponents == [0, 0, 0, 0, -10, 9, 0, 0, -13])
        #expect(scales.count == 3 && scales.reach == 13)
        let moved = zip(peaks, scales.columnFactors).map { $0 * $1 }
        #expect(moved.allSatisfy { $0 > 0.7 && $0 < 1.5 })
        #expect(zip(scales.unitFactors, scales.columnFactors).allSatisfy { $0 * $1 == 1 })
    }

    @Test func unitsOfAHeadAreComparedWithEachOther() {
        let scales = UnitScales(peaks: [1, 1, 1, 64, 64, 64, 64, 1], group: 4)
        #expect(scales.exponents == [0, 0, 0, 6, 0, 0, 0, -6])
    }

    @Test func columnsOfNothingStay() {
        #expect(UnitScales(peaks: [0, 0, 0], group: 3) == .none)
        #expect(UnitScales(peaks: [0, 1, 1, 1, 0], group: 5) == .none)
        #expect(UnitScales(peaks: [], group: 0) == .none)
        #expect(UnitScales(peaks: [.nan, .infinity, 1, 1], group: 4) == .none)
    }

    @Test func nothingIsMovedToTheEndsOfFloats() {
        let scales = UnitScales(peaks: [1, 1, 1, 1e-38, 3e38], group: 5)
        #expect(scales.exponents == [0, 0, 0, -30, 30])
    }
}
