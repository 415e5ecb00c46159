"""What published models need, as docs/scale.md has it: told, not measured."""

import math

import ranks_model as model

# A host, assumed: gigabytes of memory, of which a tenth is left to everything else; GB/s; Gop/s by weights; the share of these
# that passes reach, which docs/performance.md has for two cores.
MEMORY, READ, SHARE = 512, 200, 0.8
OPERATIONS = {"bf16": 3000, "int8": 6000, "int4": 3000}
LINK = "25GbE"
NAMES = ("switch-base-128", "switch-base-256", "switch-large-128", "switch-xxl-128", "switch-c-2048")
WEIGHTS = ("bf16", "int8", "int4")
HEADING = """
| model | weights | GB | hosts, serving | 1 row each: ms | tokens/s | 32 rows each: ms (dense · experts · exchange) | waiting | tokens/s | MB out of a host |
|---|---|---|---|---|---|---|---|---|---|"""


def hosts_for(shape, weights):
    """The fewest whose memory holds the dense part at each and a share of the experts."""
    experts, dense = shape.total_bytes(weights)
    return math.ceil(experts / (0.9 * MEMORY * 2**30 - dense))


def line(name, weights, count, serve):
    shape = model.Shape.of(name)
    host = model.Host({1: (READ * 1e9, OPERATIONS[weights] * 1e9)}, SHARE)
    job = model.Job(shape, weights, host, model.LINKS[LINK], count, serve)
    one, many = (job.step(rows, model.Routing("even", shape), 20) for rows in (1, 32))
    gigabytes = sum(shape.total_bytes(weights)) / 1e9
    parts = " · ".join(f"{seconds * 1e3:.1f}" for seconds in (many.dense, many.experts, many.exchange))
    serving = f"{count}, {serve}" if count > 1 else "1"
    return (f"| {name} | {weights} | {gigabytes:,.0f} | {serving} | {one.seconds * 1e3:.1f} | {one.rate:,.0f} | "
            f"{many.seconds * 1e3:.1f} ({parts}) | {many.wait / many.seconds:.0%} | {many.rate:,.0f} | {many.sent / 1e6:.2f} |")


def tables(_):
    print(f"Hosts of {MEMORY} GB and {READ} GB/s, of which passes reach {SHARE:.0%}; "
          + ", ".join(f"{speed / 1e3:g} Top/s at {weights}" for weights, speed in OPERATIONS.items()) + f"; {LINK}.")
    print(HEADING)
    for name in NAMES:
        for weights in WEIGHTS:
            least = hosts_for(model.Shape.of(name), weights)
            jobs = [(least, "first"), (least, "all"), (2 * least, "all")]
            for count, serve in jobs if least > 1 else [(1, "first"), (2, "all")]:
                print(line(name, weights, count, serve))
