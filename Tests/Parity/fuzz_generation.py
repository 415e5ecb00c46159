#!/usr/bin/env python3
"""Random files and random requests beside transformers.

    fuzz_generation.py CHECKPOINT... [--binary ...] [--count 10000] [--from 0] [--minutes M]

Request number N of a checkpoint list is the same whatever else is run: `--from` goes on where a run ended. Everything of
compare_generation.py, mixed. Near-ties are printed, each with its number; a difference ends the run with 1.
"""
import argparse
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

from generation.random_cases import random_world
from generation.worlds import Checkpoint

# Requests to one set of files.
EACH = 25
PRINTED = ("different", "near-tie", "rounding")


def run(arguments, counts):
    """The number of the first request that was not made."""
    checkpoints, started, first = {}, time.monotonic(), arguments.first // EACH * EACH
    while first < arguments.first + arguments.count:
        if arguments.minutes and time.monotonic() - started > 60 * arguments.minutes:
            break
        base = arguments.checkpoints[first // EACH % len(arguments.checkpoints)]
        if base not in checkpoints:
            checkpoints[base] = Checkpoint(base, arguments.binary)
        world = random_world(random.Random(first), checkpoints[base].context, first, EACH)
        for case, found in checkpoints[base].verdicts(world):
            counts[found.kind] += 1
            if found.kind in PRINTED:
                print(f"{case.name} {base.name} | {world.generation} | {case.endpoint} {case.body}: {found.kind}: "
                      f"{found.detail}", flush=True)
        first += EACH
        if first % 1000 == 0:
            print(f"{first}: {dict(counts)}", file=sys.stderr, flush=True)
    return first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", ".build/release/switchyard"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--minutes", type=float, default=0, help="no new files after so many; 0 for no end")
    arguments = parser.parse_args()
    counts, started = Counter(), time.monotonic()
    end = run(arguments, counts)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("same", "near-tie", "rounding", "chance", "nothing-allowed", "different"))
    print(f"requests {arguments.first // EACH * EACH} to {end - 1} on {len(arguments.checkpoints)} checkpoints in "
          f"{time.monotonic() - started:.0f} s: {told}")
    sys.exit(1 if counts["different"] or not counts["same"] else 0)


if __name__ == "__main__":
    main()
