#!/usr/bin/env python3
"""What each --weights costs in accuracy: BLEU of greedy and beam-4 translations, top-1 agreement and KL beside f32.

    accuracy.py MODEL_DIR SOURCE TARGET [--prefix TEXT] [--calibration TEXTS] [--binary .build/release/switchyard]

SOURCE and TARGET are parallel text, one sentence a line, gzipped or not. With experts of four bits and fewer beside int8,
rounded by themselves and, given TEXTS, for these. Needs sacrebleu (benchmarks/requirements.txt).
"""
import argparse
import gzip
import subprocess
import tempfile
from pathlib import Path

import sacrebleu


def lines(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as file:
        return file.read().splitlines()


def run(arguments, *words, text=None):
    done = subprocess.run([arguments.binary, *words], input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--calibration")
    parser.add_argument("--binary", default=".build/release/switchyard")
    arguments = parser.parse_args()
    sources, targets = lines(arguments.source), lines(arguments.target)
    prompts = "".join(arguments.prefix + source + "\n" for source in sources)
    with tempfile.TemporaryDirectory() as directory:
        pairs = Path(directory) / "pairs.tsv"
        pairs.write_text("".join(f"{source}\t{target}\n" for source, target in zip(sources, targets, strict=True)))
        print(f"{len(sources)} pairs, sacrebleu {sacrebleu.__version__}")
        for weights in ("f32", "bf16", "int8", "int4"):
            measure(arguments, weights, [arguments.model, "--weights", weights], pairs, prompts, targets)
        for experts in ("int4", "int3", "int2"):
            flags = ["--weights", "int8", "--expert-weights", experts]
            measure(arguments, f"int8, experts {experts}", [arguments.model, *flags], pairs, prompts, targets)
            if arguments.calibration:
                packed = str(Path(directory) / experts)
                print("  " + run(arguments, "pack", arguments.model, packed, *flags, "--calibration", arguments.calibration)[0])
                measure(arguments, f"int8, experts {experts}, calibrated", [packed], pairs, prompts, targets)


def measure(arguments, name, flags, pairs, prompts, targets):
    scores = []
    for beams in ("1", "4"):
        found = run(arguments, "generate", *flags, "--beams", beams, "--max-tokens", "96", text=prompts)
        scores.append(sacrebleu.corpus_bleu(found, [targets]).score)
    compared = ["--reference", arguments.model, "--pairs", str(pairs), "--prefix", arguments.prefix]
    print(f"{name:5} BLEU greedy {scores[0]:.2f}, 4 beams {scores[1]:.2f}; "
          + run(arguments, "accuracy", *flags, *compared)[0], flush=True)


if __name__ == "__main__":
    main()
