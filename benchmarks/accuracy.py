#!/usr/bin/env python3
"""What each --weights costs in accuracy: BLEU of greedy and beam-4 translations, top-1 agreement and KL beside f32.

    accuracy.py MODEL_DIR SOURCE TARGET [--prefix TEXT] [--binary .build/release/switchyard]

SOURCE and TARGET are parallel text, one sentence a line, gzipped or not. Needs sacrebleu (benchmarks/requirements.txt).
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
    parser.add_argument("--binary", default=".build/release/switchyard")
    arguments = parser.parse_args()
    sources, targets = lines(arguments.source), lines(arguments.target)
    prompts = "".join(arguments.prefix + source + "\n" for source in sources)
    with tempfile.TemporaryDirectory() as directory:
        pairs = Path(directory) / "pairs.tsv"
        pairs.write_text("".join(f"{source}\t{target}\n" for source, target in zip(sources, targets, strict=True)))
        print(f"{len(sources)} pairs, sacrebleu {sacrebleu.__version__}")
        for weights in ("f32", "bf16", "int8", "int4"):
            flags = [arguments.model, "--weights", weights]
            scores = []
            for beams in ("1", "4"):
                found = run(arguments, "generate", *flags, "--beams", beams, "--max-tokens", "96", text=prompts)
                scores.append(sacrebleu.corpus_bleu(found, [targets]).score)
            print(f"{weights:5} BLEU greedy {scores[0]:.2f}, 4 beams {scores[1]:.2f}; "
                  + run(arguments, "accuracy", *flags, "--pairs", str(pairs), "--prefix", arguments.prefix)[0], flush=True)


if __name__ == "__main__":
    main()
