import Tensors

/// What the layers of one pass share: parameters and gradients, memory for activations, random numbers, and what the
/// routers did.
///
/// Used by one thread; passes over different parts of a batch run side by side, each with gradients of its own.
final class Pass {
    let values: FloatBuffer
    let gradients: FloatBuffer
    let arena: FloatArena
    let regularization: Regularization
    var noise = Noise(seed: 0)
    /// Where rows go whose experts are at other ranks; nil where all experts are here.
    var lane: ExpertLane?
    /// What the router losses of the part are of those of all batches of a step.
    var routerLossShare = 1.0
    private(set) var routing: [LayerRouting] = []
    private(set) var routerLoss = RouterLoss()
    /// Those of the part, in the order of `routing`.
    private(set) var balanceSums: [BalanceSums] = []
    /// What experts are balanced over where that is more than the part, and its share of all batches of a step.
    var widerBalance: Balance?

    /// Sums of each router, and what its balance loss is of that of a step.
    struct Balance {
        var share: Double
        var sums: [BalanceSums]
    }

    /// What experts are balanced over.
    var balance: Balance { widerBalance ?? Balance(share: routerLossShare, sums: balanceSums) }

    init(
        values: FloatBuffer,
        gradients: FloatBuffer,
        arena: FloatArena = FloatArena(),
        _ regularization: Regularization
    ) {
        self.values = values
        self.gradients = gradients
        self.arena = arena
        self.regularization = regularization
    }

    /// Begins a part of a batch: activations of the last one are no longer valid.
    func begin(_ noise: Noise) {
        arena.empty()
        self.noise = noise
        routing.removeAll(keepingCapacity: true)
        routerLoss = RouterLoss()
        balanceSums.removeAll(keepingCapacity: true)
        widerBalance = nil
    }

    /// Where in the pass a block begins: enough to run it once more.
    struct Place {
        fileprivate var noise: Noise
        fileprivate var routers: Int
    }

    /// The router that runs next, of a block that is run again; nil in a first run.
    private var repeated: Int?

    var place: Place { Place(noise: noise, routers: routing.count) }

    /// Runs layers again as they ran from a place on: with the same random numbers, and without recording their routers.
    func again<Result>(from place: Place, _ body: () -> Result) -> Result {
        let now = noise
        (noise, repeated) = (place.noise, place.routers)
        defer { (noise, repeated) = (now, nil) }
        return body()
    }

    /// Takes back all activations that `body` asks for, those of others' rows that experts here have run included.
    func withoutTraces(_ body: () -> Void) {
        let arenas = [arena] + (lane?.otherArenas ?? [])
        let marks = arenas.map(\.mark)
        body()
        for (arena, mark) in zip(arenas, marks) { arena.goBack(to: mark) }
    }

    /// Returns the router's place among those of the pass.
    func record(_ routing: LayerRouting, _ loss: RouterLoss, _ sums: BalanceSums) -> Int {
        if let place = repeated {
            repeated = place + 1
            return place
        }
        self.routing.append(routing)
        routerLoss.add(loss)
        balanceSums.append(sums)
        return balanceSums.count - 1
    }
}

/// What keeps a model from learning its examples by heart, and its routers from collapsing.
///
/// Dropout is a share from 0 up to 1; what is not dropped is scaled up by 1 / (1 - share).
package struct Regularization: Equatable, Sendable, Codable {
    /// Of embeddings, of what sublayers add, and of the final norm's output.
    package var dropout: Float = 0.1
    /// Of attention probabilities.
    package var attentionDropout: Float = 0.1
    /// Between the products of dense feed-forward layers.
    package var feedForwardDropout: Float = 0.1
    /// Between the products of experts (Fedus and others 2021, §2.4).
    package var expertDropout: Float = 0.1
    /// The router's input is multiplied by numbers drawn from 1 - jitter to 1 + jitter; 0 is off.
    package var jitter: Float = 0
    /// Probability wanted that is spread over the whole vocabulary, from 0 to 1.
    package var labelSmoothing: Float = 0
    package var balanceLoss = BalanceLoss.switch
    package var balanceOver = BalanceScope.part
    /// What the balance loss is multiplied with.
    package var balance: Float = 0.01
    /// What the router z-loss is multiplied with (Zoph and others 2022, equation 5).
    package var routerZ: Float = 0.001

    package init() {}

    /// The same without anything random: how a model is judged.
    var withoutNoise: Regularization {
        var calm = self
        (calm.dropout, calm.attentionDropout, calm.feedForwardDropout, calm.expertDropout) = (0, 0, 0, 0)
        calm.jitter = 0
        return calm
    }

    /// Nothing at all.
    package static var none: Regularization {
        var none = Regularization().withoutNoise
        (none.balance, none.routerZ) = (0, 0)
        return none
    }
}
