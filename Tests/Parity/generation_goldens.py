#!/usr/bin/env python3
"""Writes `generation.json` of the committed checkpoints: what transformers answers to files and requests of all kinds.

    generation_goldens.py CHECKPOINT...

{"versions", "worlds": [{"name", "generation": generation_config.json, "cases": [{"name", "endpoint", "body", "tokens",
 "scores", "sums"}]}]}

`tokens` are of every choice, best first, without the decoder prompt; `scores` and `sums` those of beams. Answers that
change when logits move by 1e-4 are left out. Tests/EndToEnd/Answers/test_generation_parity.py asks a server.
"""
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from generation.expected import LeftToChance, NothingAllowed
from generation.verdict import difference, shaken
from generation.worlds import Checkpoint, written
from generation_cases import drawn_cases, file_cases, member_cases, override_cases

MOVED, TRIALS = 1e-4, 3


def steady(oracle, case):
    """The answer; nothing where it is not one of transformers' own, or too close to another."""
    try:
        answer = oracle.answer(case)
        for trial in range(TRIALS):
            with shaken(oracle, MOVED, trial):
                if difference(answer, oracle.answer(case)) == "tokens":
                    return None
    except (LeftToChance, NothingAllowed):
        return None
    return answer


def rounded(values):
    return values and [float(f"{value:.7g}") for value in values]


def record(case, answer):
    return {"name": case.name, "endpoint": case.endpoint, "body": case.body, "tokens": answer.tokens,
            "scores": rounded(answer.scores), "sums": rounded(answer.sums)}


def chosen(context):
    """A part of the whole comparison that takes seconds."""
    for world in member_cases(context, count=1):
        yield world, world.cases
    for world in drawn_cases(context):
        yield world, world.cases[::3]
    for world in override_cases(context):
        yield world, world.cases
    for world in file_cases(context):
        yield world, world.cases[:1]


def golden(checkpoint):
    for world, cases in chosen(checkpoint.context):
        with tempfile.TemporaryDirectory() as path:
            written(checkpoint.base, world, Path(path))
            checkpoint.oracle.configure(path)
            answers = [(case, steady(checkpoint.oracle, case)) for case in cases]
        yield {"name": world.name, "generation": world.generation,
               "cases": [record(case, answer) for case, answer in answers if answer]}


def lines(world):
    cases = ",\n".join("   " + json.dumps(case, separators=(",", ":")) for case in world["cases"])
    head = json.dumps({"name": world["name"], "generation": world["generation"]})[:-1]
    return f'  {head}, "cases": [\n{cases}\n  ]}}'


def main():
    for directory in map(Path, sys.argv[1:]):
        worlds = [world for world in golden(Checkpoint(directory, binary=None)) if world["cases"]]
        versions = json.dumps({name: version(name) for name in ("torch", "transformers")})
        text = ",\n".join(map(lines, worlds))
        (directory / "generation.json").write_text(f'{{"versions": {versions},\n"worlds": [\n{text}\n]}}\n')
        print(directory.name, sum(len(world["cases"]) for world in worlds), "answers")


if __name__ == "__main__":
    main()
