#!/usr/bin/env python3
"""What the files of a model and the members of a request do, beside transformers: tokens, scores, and what is drawn.

    compare_generation.py CHECKPOINT... [--thin CHECKPOINT...] [--binary .build/debug/switchyard] [--only WORDS]

Every key of generation_config.json (and of config.json without it) and every member of a request, alone and in mixtures,
greedy, in beams and drawn, over HTTP; for a thin comparison members alone, greedy and in beams. Tokens must be the same and scores within 1e-4. Where they are not, a near-tie is
passed over: transformers gives the same answer once its logits move by 1e-5 or less; each is printed. Where transformers
leaves the answer to chance, or no token is allowed, nothing is compared. Exits with 1 when anything differs, and when a
rule changes no answer on any checkpoint: then it was not tried.
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
PRINTED = ("different", "near-tie", "rounding")
# What the others are beside.
PLAIN = ("nothing", "file: plain")
# These change nothing, and that is what is held.
WITHOUT_EFFECT = {"file: num_return_sequences", "file: filters without do_sample", "file: max_length above the server's",
                  "file: no eos_token_id", "file: no start token", "forced_bos_token_id after a decoder prompt"}


class Rules:
    """Which of those tried changed the answer of a case that differs in nothing else."""

    def __init__(self):
        self.plain, self.tried, self.changed = {}, set(), set()

    def note(self, rule, place, answer):
        plain = self.plain.setdefault(place, answer)
        self.tried.add(rule)
        if answer is not plain and answer.tokens != plain.tokens:
            self.changed.add(rule)

    @property
    def idle(self):
        return sorted(rule for rule in self.tried - self.changed - WITHOUT_EFFECT if not rule.startswith(PLAIN))


def compare(base, arguments, rules):
    checkpoint = Checkpoint(base, arguments.binary)
    rules.plain = {}
    counts, started = Counter(), time.monotonic()
    for world in worlds(checkpoint.context, base.name in WITH_OLD_FILES, base in arguments.thin):
        if arguments.only not in world.name:
            continue
        for case, found in checkpoint.verdicts(world):
            counts[found.kind] += 1
            if case.place and found.expected:
                rules.note(world.name if world.name.startswith("file") else case.name, case.place, found.expected)
            if found.kind in PRINTED:
                print(f"{base.name} | {world.name} {world.generation} {world.config} | {case.endpoint} {case.name} "
                      f"{case.body}: {found.kind}: {found.detail}", flush=True)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{base.name}: {counts.total()} answers in {time.monotonic() - started:.0f} s: {told}", flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="*")
    parser.add_argument("--thin", type=Path, nargs="+", default=[])
    parser.add_argument("--binary", default=os.environ.get("SWITCHYARD_BINARY", ".build/debug/switchyard"))
    parser.add_argument("--only", default="", help="worlds whose name has these words")
    arguments = parser.parse_args()
    counts, rules = Counter(), Rules()
    for base in arguments.checkpoints + arguments.thin:
        counts += compare(base, arguments, rules)
    print(f"{counts['same']} of {counts.total()} the same, {counts['near-tie']} near-ties, {counts['rounding']} within "
          f"the reference's rounding, {counts['chance']} left to chance, {counts['nothing-allowed']} with nothing allowed, {counts['different']} different")
    if rules.idle and not arguments.only:
        print("these changed no answer:", ", ".join(rules.idle))
    sys.exit(1 if counts["different"] or not counts["same"] or rules.idle and not arguments.only else 0)


if __name__ == "__main__":
    main()
