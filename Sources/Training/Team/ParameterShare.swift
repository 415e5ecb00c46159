import SwitchModel

/// Which parameters a rank keeps: experts are shared out over the ranks, everything else is at all of them.
struct ParameterShare: Equatable {
    private let layout: ParameterLayout
    /// By expert, the same in every layer.
    private let owners: [Int]
    private let rank: Int
    /// Elements that are learnt of what no expert has, in order, neighbours together.
    let common: [Range<Int>]
    /// Elements that are learnt of the experts that are here.
    let experts: [Range<Int>]

    /// As many experts of a layer at every rank, give or take one.
    init(_ layout: ParameterLayout, rank: Int = 0, ranks: Int = 1) {
        let count = layout.parameters.reduce(0) { max($0, ($1.expert ?? -1) + 1) }
        // Of an even placement each expert has one owner.
        let owners = ExpertPlacement(layers: 1, experts: count, ranks: ranks).owners[0].map { $0[0] }
        (self.layout, self.owners, self.rank) = (layout, owners, rank)
        common = layout.runs { $0.isLearnt && $0.expert == nil }
        experts = layout.runs { $0.isLearnt && ($0.expert.map { owners[$0] == rank } ?? false) }
    }

    /// Which rank has an expert.
    func owner(of expert: Int) -> Int { owners[expert] }

    /// Which rank has a parameter, among them 0 for what all have.
    func owner(of parameter: Parameter) -> Int { parameter.expert.map { owners[$0] } ?? 0 }

    /// Whether a parameter is here.
    func keeps(_ parameter: Parameter) -> Bool { keeps(parameter, at: rank) }

    /// Whether a parameter is at a rank.
    func keeps(_ parameter: Parameter, at rank: Int) -> Bool { parameter.expert.map { owners[$0] == rank } ?? true }

    /// Whether a parameter is here and learnt.
    func learns(_ parameter: Parameter) -> Bool { parameter.isLearnt && keeps(parameter) }

    /// Elements of all that is here, in order.
    var kept: [Range<Int>] { layout.runs(where: keeps) }
}

extension ParameterLayout {
    /// The elements of some parameters, in order, neighbours together.
    fileprivate func runs(where isTaken: (Parameter) -> Bool) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for parameter in parameters where isTaken(parameter) {
            if let last = runs.last, last.upperBound == parameter.offset {
                runs[runs.count - 1] = last.lowerBound..<parameter.range.upperBound
            } else {
                runs.append(parameter.range)
            }
        }
        return runs
    }
}

extension [Range<Int>] {
    /// Cuts runs of elements into pieces of at most `size` elements, each of one or several runs.
    func tiles(of size: Int) -> [[Range<Int>]] {
        var tiles: [[Range<Int>]] = []
        var room = 0
        for run in self {
            var start = run.lowerBound
            while start < run.upperBound {
                if room == 0 {
                    tiles.append([])
                    room = size
                }
                let end = Swift.min(run.upperBound, start + room)
                tiles[tiles.count - 1].append(start..<end)
                room -= end - start
                start = end
            }
        }
        return tiles
    }
}
