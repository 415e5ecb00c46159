"""The time of a decoder step whose experts are spread over ranks, told from a model's shape, a host and a link.

    python3 benchmarks/ranks_model.py tell CONFIG --weights bf16 --ranks 8 --rows 32 --serve all
    python3 benchmarks/ranks_model.py scale
    python3 benchmarks/ranks_model.py compare MODEL     # beside what is measured here

`tell` takes a config.json, or one of the names of published models below. A host is read from files that `switchyard bench
--json` printed (one of each number of threads), or given as GB/s, Gop/s and the share of these that passes reach; a link is
read from a file that `mpirun switchyard exchange` printed, or is one of those named below. Where experts are: --placement;
where tokens go: --routing even, zipf:1, or a file of what GET /v1/experts answered.

A step is its dense part and, for each sparse layer: rows out, the experts of the slowest rank, rows back. What is left out:
prompts, sampling, HTTP, and that hosts are never alike.
"""

import argparse
import bisect
import json
import random
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

WEIGHT_BYTES = {"f32": 4, "bf16": 2, "int8": 1, "int4": 0.5625}
# Of a row on its way out, an element: what the product rounds to; rows come back as Float32.
ROW_BYTES = {"f32": 4, "bf16": 2, "int8": 1, "int4": 1.125}
HEAD = {"int4": "int8"}
# A rank that has waited so long sleeps between looks (Sources/Ranks/WaitPace.swift).
BUSY = 1e-3

PUBLISHED = {
    name: dict(zip(("d_model", "d_ff", "num_heads", "num_layers", "num_sparse_decoder_layers", "num_experts", "gated", "tied"), row))
    for name, row in {
        "switch-base-8": (768, 3072, 12, 12, 6, 8, False, True),
        "switch-base-128": (768, 3072, 12, 12, 6, 128, False, True),
        "switch-base-256": (768, 3072, 12, 12, 6, 256, False, True),
        "switch-large-128": (1024, 4096, 16, 24, 12, 128, False, True),
        "switch-xxl-128": (4096, 10240, 64, 24, 12, 128, True, False),
        "switch-c-2048": (2080, 6144, 30, 15, 15, 2048, False, False),
    }.items()
}


@dataclass
class Shape:
    width: int
    hidden: int
    inner: int
    layers: int
    sparse: int
    experts: int
    vocabulary: int
    # Matrices of a feed-forward layer.
    matrices: int
    tied: bool

    @classmethod
    def of(cls, name):
        file = Path(name) / "config.json" if Path(name).is_dir() else Path(name)
        c = PUBLISHED[name] if name in PUBLISHED else json.loads(file.read_text())
        layers = c.get("num_decoder_layers") or c["num_layers"]
        gated = c.get("gated", str(c.get("dense_act_fn", c.get("feed_forward_proj", ""))).startswith("gated"))
        return cls(c["d_model"], c["d_ff"], c["num_heads"] * c.get("d_kv", 64), layers, c["num_sparse_decoder_layers"],
                   c["num_experts"], c.get("vocab_size", 32128), 3 if gated else 2,
                   c.get("tied", c.get("tie_word_embeddings", True)))

    @property
    def expert(self):
        return self.matrices * self.width * self.hidden

    def dense_parts(self, weights, rows, positions=64, cache=2):
        """Bytes and operations of each product and each attention that is no expert's."""
        size, d = WEIGHT_BYTES[weights], self.width
        kv = positions * rows * 2 * self.inner
        cache = 4 if weights == "f32" else cache
        products = ([6 * d * self.inner] * self.layers + [self.expert] * (self.layers - self.sparse))
        parts = [(product * size, 2 * product * rows) for product in products]
        parts += [(kv * cache, 2 * kv)] * self.layers
        parts += [(d * self.experts * 4, 2 * d * self.experts * rows)] * self.sparse
        head = d * self.vocabulary
        return parts + [(head * WEIGHT_BYTES[HEAD.get(weights, weights)], 2 * head * rows)]

    def total_bytes(self, weights):
        """Of experts, and of the rest of the whole model."""
        size, d = WEIGHT_BYTES[weights], self.width
        experts = 2 * self.sparse * self.experts * self.expert * size
        layer = 4 * d * self.inner + 6 * d * self.inner
        dense = (self.layers * layer + 2 * (self.layers - self.sparse) * self.expert) * size
        return experts, dense + d * self.vocabulary * (1 if self.tied else 2) * WEIGHT_BYTES[HEAD.get(weights, weights)]


@dataclass
class Host:
    """What processors read and compute together: by how many threads work, bytes and operations a second; and the share of
    the least time that passes come to."""

    speeds: dict
    share: float
    threads: int = 1
    # Ranks of the job that it runs.
    ranks: int = 1

    @classmethod
    def of(cls, files, threads, ranks):
        """Read from what `bench --json` printed, of each number of threads."""
        speeds, shares = {}, []
        for file in files:
            report = json.loads(Path(file).read_text())
            results = [result for result in report["results"] if result["task"] == "decode"]
            read = statistics.median(result["read_bandwidth"] for result in results)
            counted = [result["arithmetic"] for result in results if result.get("arithmetic")]
            speeds[report["threads"]] = read, statistics.median(counted)
            shares += [result["share_of_limit"] for result in results if result.get("share_of_limit")]
        return cls(speeds, statistics.median(shares), threads, ranks)

    def seconds(self, parts, working=1):
        """Of products one after the other, while so many ranks of this host work."""
        threads = self.threads * working
        known = max((each for each in self.speeds if each <= threads), default=min(self.speeds))
        read, operations = (speed * min(1, threads / known) / working for speed in self.speeds[known])
        return sum(max(part[0] / read, part[1] / operations) for part in parts) / self.share


class Link:
    """Messages of so many bytes there and back: what they take, and what each further peer adds."""

    def trip(self, out, back, waited=False):
        """Seconds of a message there and of one back."""
        return (self.round(out, waited) + self.round(back, waited)) / 2


@dataclass
class AssumedLink(Link):
    latency: float
    per_message: float
    bandwidth: float
    # Larger messages wait for the word that there is room.
    eager: int = 1 << 16
    # Until a sleeping rank looks again, on average.
    lateness: float = 0.16e-3

    def round(self, bytes, waited=False):
        one_way = self.latency * (3 if bytes > self.eager else 1) + bytes / self.bandwidth
        return 2 * one_way + (self.lateness if waited else 0)


@dataclass
class MeasuredLink(Link):
    # By whether the other waited: sizes, and seconds of the round.
    rounds: dict
    per_message: float

    @classmethod
    def of(cls, file, serve):
        report = json.loads(Path(file).read_text())
        mine = [result for result in report["results"] if result["pattern"] == serve]

        def table(peers, waited):
            return sorted((r["bytes"], r["seconds"]) for r in mine if r["peers"] == peers and (r["pause_seconds"] > 0) == waited)

        most = max(result["peers"] for result in mine)
        more = [(many[1] - one[1]) / max(1, most - 1) for one, many in zip(table(1, False), table(most, False))]
        return cls({waited: table(1, waited) for waited in (False, True)}, max(0, statistics.median(more[:4])))

    def round(self, bytes, waited=False):
        """Between two sizes as if along a line, so that kinks are where they were measured."""
        table = self.rounds[waited]
        place = min(max(bisect.bisect_left(table, (bytes, 0)), 1), len(table) - 1)
        (below, least), (above, most) = table[place - 1], table[place]
        return max(least + (most - least) * (bytes - below) / (above - below), table[0][1])


# What an ordinary link of that name does, assumed: a message's one way, a further peer's share, bytes a second.
LINKS = {
    "10GbE": AssumedLink(40e-6, 4e-6, 1.1e9), "25GbE": AssumedLink(30e-6, 4e-6, 2.8e9), "100GbE": AssumedLink(25e-6, 4e-6, 11e9),
}


class Routing:
    """Which experts rows go to."""

    def __init__(self, kind, shape, seed=1):
        self.shape, self.random = shape, random.Random(seed)
        if kind == "even" or kind.startswith("zipf:"):
            exponent = float(kind.partition(":")[2] or 0)
            weights = [(place + 1) ** -exponent for place in range(shape.experts)]
            self.weights = [self.random.sample(weights, len(weights)) for _ in range(shape.sparse)]
        else:
            layers = json.loads(Path(kind).read_text())["decoder"]
            self.weights = [[max(count, 1e-9) for count in layer["total"]["tokens"]] for layer in layers]

    def draw(self, layer, rows):
        return self.random.choices(range(self.shape.experts), self.weights[layer], k=rows)


def placement(shape, ranks, file=None):
    """By sparse layer of the decoder, the rank of each expert."""
    if file:
        return json.loads(Path(file).read_text())["owners"][-shape.sparse:]
    return [[expert * ranks // shape.experts for expert in range(shape.experts)]] * shape.sparse


@dataclass
class Step:
    """Seconds of a step by what they go to, seconds that the first rank has nothing to do, bytes out of it."""

    dense: float = 0
    experts: float = 0
    exchange: float = 0
    wait: float = 0
    sent: float = 0
    everybody: float = 0
    rows: int = field(default=0, repr=False)

    @property
    def seconds(self):
        return self.dense + self.experts + self.exchange

    @property
    def rate(self):
        return self.rows / self.seconds


class Job:
    def __init__(self, shape, weights, host, link, ranks, serve="first", owners=None):
        self.shape, self.weights, self.host, self.link = shape, weights, host, link
        self.ranks, self.serve = ranks, serve
        self.owners = owners or placement(shape, ranks)
        self.row_out = ROW_BYTES[weights] * shape.width + 4
        self.row_back = 4 * shape.width

    def step(self, rows, routing, trials=40, positions=64):
        """The mean of steps with so many rows on each rank that serves."""
        serving = self.ranks if self.serve == "all" else 1
        total = Step(rows=rows * serving)
        busy = min(self.host.ranks, self.ranks)
        parts = self.shape.dense_parts(self.weights, rows, positions)
        total.dense = self.host.seconds(parts, busy if self.serve == "all" else 1)
        for _ in range(trials):
            for layer in range(self.shape.sparse):
                loads = self._loads(layer, [routing.draw(layer, rows) for _ in range(serving)])
                for name, value in self._layer(*loads, gap=total.dense / max(1, self.shape.sparse)).items():
                    setattr(total, name, getattr(total, name) + value / trials)
        return total

    def _loads(self, layer, drawn):
        """Rows of each expert by its rank, and rows from each serving rank to each rank."""
        experts = [{} for _ in range(self.ranks)]
        sent = [[0] * self.ranks for _ in drawn]
        for rank, choices in enumerate(drawn):
            for expert in choices:
                owner = self.owners[layer][expert]
                experts[owner][expert] = experts[owner].get(expert, 0) + 1
                sent[rank][owner] += 1
        return experts, sent

    def _layer(self, experts, sent, gap):
        busy = sum(1 for rank in range(self.ranks) if experts[rank])
        here = max(1, min(busy, self.host.ranks))
        size = self.shape.expert * WEIGHT_BYTES[self.weights]
        times = [self.host.seconds([(size, 2 * self.shape.expert * count) for count in each.values()], here) for each in experts]
        others = {rank: max(row[rank] for number, row in enumerate(sent) if number != rank) for rank in range(self.ranks)
                  if any(row[rank] for number, row in enumerate(sent) if number != rank)}
        out = sum(count * self.row_out for rank, count in enumerate(sent[0]) if rank != 0)
        all_out = sum(count * (self.row_out + self.row_back) for number, row in enumerate(sent)
                      for rank, count in enumerate(row) if rank != number)
        back = sum(row[0] for row in sent[1:]) * self.row_back
        if not others:
            return {"experts": max(times), "wait": 0}
        first = self.serve == "first"
        # Who holds experts only has waited since the last layer; who serves comes from its own dense part.
        trip = max(self.link.trip(count * self.row_out, count * self.row_back, waited=False) for count in others.values())
        trip += self.link.per_message * (len(others) - 1)
        late = self.link.round(self.row_out, True) - self.link.round(self.row_out, False)
        lateness = late if first and gap > BUSY else 0
        arrival = max(times[rank] for rank in others) + trip + lateness
        if first:
            # Who serves sleeps, too, once it has waited long.
            arrival += late if arrival - times[0] > BUSY else 0
            length = max(times[0], arrival)
            slowest = max(times)
        else:
            slowest = max(times)
            length = slowest + trip + (late if slowest - min(times) > BUSY else 0)
        return {"experts": slowest, "exchange": max(0, length - slowest), "wait": length - times[0], "sent": out + back,
                "everybody": all_out}


def describe(step, label):
    return (f"{label}: {step.seconds * 1e3:8.2f} ms a step (dense {step.dense * 1e3:.2f}, experts {step.experts * 1e3:.2f}, "
            f"exchange {step.exchange * 1e3:.2f}), waiting {step.wait / step.seconds:4.0%}, {step.rate:8.1f} tokens/s, "
            f"{step.sent / 1e6:.3f} MB out of the first host a step")


def host_of(options):
    if options.bench:
        return Host.of(options.bench, options.threads, options.ranks_here)
    read, operations, share = options.host
    return Host({1: (read * 1e9, operations * 1e9)}, share)


def link_of(options):
    return LINKS[options.link] if options.link in LINKS else MeasuredLink.of(options.link, options.serve)


def tell(options):
    shape = Shape.of(options.config)
    owners = placement(shape, options.ranks, options.placement)
    job = Job(shape, options.weights, host_of(options), link_of(options), options.ranks, options.serve, owners)
    for rows in options.rows:
        step = job.step(rows, Routing(options.routing, shape), options.trials)
        if options.json:
            print(json.dumps(vars(step) | {"seconds": step.seconds, "rate": step.rate}))
        else:
            print(describe(step, f"{options.ranks} ranks, {rows} rows each"))


def main():
    # Both tell by what is above.
    import ranks_measured
    import ranks_scale

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    teller = commands.add_parser("tell")
    teller.add_argument("config", help=f"a config.json, a model's directory, or one of {', '.join(PUBLISHED)}")
    teller.add_argument("--ranks", type=int, default=2)
    teller.add_argument("--rows", type=int, nargs="+", default=[1, 8, 32])
    teller.add_argument("--weights", choices=WEIGHT_BYTES, default="bf16")
    teller.add_argument("--serve", choices=["first", "all"], default="first")
    teller.add_argument("--routing", default="even")
    teller.add_argument("--placement")
    teller.add_argument("--bench", nargs="+", help="files that bench --json printed, one of each number of threads")
    teller.add_argument("--threads", type=int, default=1, help="of a rank, with --bench")
    teller.add_argument("--ranks-here", type=int, default=1, help="that share the machine of --bench")
    teller.add_argument("--host", type=float, nargs=3, default=[200, 3000, 0.84], metavar=("GB/s", "Gop/s", "share"))
    teller.add_argument("--link", default="25GbE")
    teller.add_argument("--trials", type=int, default=40)
    teller.add_argument("--json", action="store_true")
    commands.add_parser("scale", help="the tables of docs/scale.md")
    ranks_measured.add_arguments(commands.add_parser("compare", help="beside steps that are measured here"))
    options = parser.parse_args()
    actions = {"tell": tell, "scale": ranks_scale.tables, "compare": ranks_measured.compare}
    sys.exit(actions[options.command](options))


if __name__ == "__main__":
    main()
