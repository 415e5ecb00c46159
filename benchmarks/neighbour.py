#!/usr/bin/env python3
"""What is left of decoding when another process wants a core: tokens a second, of one binary or of several in turns.

    neighbour.py MODEL_DIR BINARY... [--weights bf16] [--sequences 1 32] [--rounds 5] [--neighbours 1]

Each round runs `BINARY bench` alone and beside processes that never rest, in turns, and takes the share; printed are
medians (least – most). With two cores and one neighbour a fair share is 0.67. The standard library is all it needs.
"""
import argparse
import json
import statistics
import subprocess
import sys

BUSY = [sys.executable, "-c", "while True: pass"]


def rates(binary, arguments):
    command = [binary, "bench", arguments.model, "--weights", arguments.weights, "--rounds", "9", "--json", "--encode", "16"]
    for size in arguments.sequences:
        command += ["--sequences", str(size)]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]
    return {result["size"]: result["tokens_per_second"] for result in results if result["task"] == "decode"}


def beside_neighbours(binary, arguments):
    busy = [subprocess.Popen(BUSY) for _ in range(arguments.neighbours)]
    try:
        return rates(binary, arguments)
    finally:
        for process in busy:
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("binaries", nargs="+")
    parser.add_argument("--weights", default="bf16")
    parser.add_argument("--sequences", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--neighbours", type=int, default=1)
    arguments = parser.parse_args()
    alone, shares = {}, {}
    for _ in range(arguments.rounds):
        for binary in arguments.binaries:
            quiet, crowded = rates(binary, arguments), beside_neighbours(binary, arguments)
            for size in arguments.sequences:
                alone.setdefault((size, binary), []).append(quiet[size])
                shares.setdefault((size, binary), []).append(crowded[size] / quiet[size])
    for (size, binary), found in sorted(shares.items()):
        print(f"{size:3} sequences {binary}: {statistics.median(alone[size, binary]):7.1f} tokens/s alone, beside "
              f"{arguments.neighbours} busy {statistics.median(found):.2f} of it ({min(found):.2f} – {max(found):.2f})")


if __name__ == "__main__":
    main()
