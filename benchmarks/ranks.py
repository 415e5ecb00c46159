"""Tokens a second of one process on two threads beside two ranks of one thread each, in turns, on the same cores.

    python3 benchmarks/ranks.py models/en-de [--binary .build/release/switchyard] [--rounds 7]

Needs mpirun, and a binary built by `swift build -c release --traits MPI`.
"""

import argparse
import json
import re
import statistics
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

MPIRUN = ["mpirun", "-n", "2", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca",
          "mpi_yield_when_idle", "1"]
TOKENS = 64


def start(prefix, binary, model, *flags):
    command = [*prefix, binary, "serve", model, "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://\S+", process.stdout.readline())[0]
    return process, url


def rate(url, streams):
    """Tokens a second of as many requests at once."""
    body = {"prompt": list(range(5, 37)), "temperature": 0, "max_tokens": TOKENS, "ignore_eos": True}
    request = urllib.request.Request(
        url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    begin = time.perf_counter()
    with ThreadPoolExecutor(streams) as pool:
        list(pool.map(lambda _: urllib.request.urlopen(request).read(), range(streams)))
    return streams * TOKENS / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weights", default="f32")
    options = parser.parse_args()
    flags = ["--weights", options.weights]
    one, one_url = start([], options.binary, options.model, "--threads", "2", *flags)
    job, job_url = start(MPIRUN, options.binary, options.model, "--threads", "1", "--ranks-serve", "first", *flags)
    try:
        for streams in (1, 8, 32):
            rate(one_url, streams), rate(job_url, streams)
            pairs = [(rate(one_url, streams), rate(job_url, streams)) for _ in range(options.rounds)]
            ratios = sorted(job / one for one, job in pairs)
            print(f"{streams} streams: one process {statistics.median(p[0] for p in pairs):.0f} tokens/s, "
                  f"two ranks {statistics.median(p[1] for p in pairs):.0f}, "
                  f"{statistics.median(ratios):.2f} x ({ratios[0]:.2f} - {ratios[-1]:.2f})", flush=True)
    finally:
        one.terminate()
        job.terminate()


if __name__ == "__main__":
    main()
