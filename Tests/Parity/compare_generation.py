#!/usr/bin/env python3
"""What the files of a model and the members of a request do, beside transformers: tokens, scores, and what is drawn.

    compare_generation.py CHECKPOINT... [--binary .build/debug/switchyard] [--only WORDS]

Every key of generation_config.json (and of config.json without it) and every member of a request, alone and in mixtures,
greedy, in beams and drawn, over HTTP. Tokens must be the same and scores within 1e-4. Where they are not, a near-tie is
passed over: transformers gives the same answer once its logits move by 1e-5 or less; each is printed. Where transformers
leaves the answer to chance, or no token is allowed, nothing is compared. Exits with 1 when anything differs.
"""
import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from generation.worlds import Checkpoint
from generation_cases import worlds

# Checkpoints whose files are also tried without generation_config.json.
WITH_OLD_FILES = ("plain", "t5")
PRINTED = ("different", "near-tie")


def compare(base, binary, words):
    checkpoint = Checkpoint(base, binary)
    counts, started = Counter(), time.monotonic()
    for world in worlds(checkpoint.context, base.name in WITH_OLD_FILES):
        if words not in world.name:
            continue
        for case, found in checkpoint.verdicts(world):
            counts[found.kind] += 1
            if found.kind in PRINTED:
                print(f"{base.name} | {world.name} {world.generation} {world.config} | {case.endpoint} {case.name} "
                      f"{case.body}: {found.kind}: {found.detail}", flush=True)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{base.name}: {counts.total()} answers in {time.monotonic() - started:.0f} s: {told}", flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", ".build/debug/switchyard"))
    parser.add_argument("--only", default="", help="worlds whose name has these words")
    arguments = parser.parse_args()
    counts = Counter()
    for base in arguments.checkpoints:
        counts += compare(base, arguments.binary, arguments.only)
    print(f"{counts['same']} of {counts.total()} the same, {counts['near-tie']} near-ties, {counts['chance']} left to "
          f"chance, {counts['nothing-allowed']} with nothing allowed, {counts['different']} different")
    sys.exit(1 if counts["different"] or not counts["same"] else 0)


if __name__ == "__main__":
    main()
