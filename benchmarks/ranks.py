"""Tokens a second of one process on two threads beside two ranks of one thread each, in turns, on the same cores.

    python3 benchmarks/ranks.py models/en-de [--ranks-serve all] [--binary .build/release/switchyard] [--rounds 7]

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


def start(prefix, servers, binary, model, *flags):
    """A process or job, and the addresses of those that serve."""
    command = [*prefix, binary, "serve", model, "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    urls = []
    while len(urls) < servers:
        urls += re.findall(r"listening on (http://\S+)", process.stdout.readline())
    return process, urls


def rate(urls, streams):
    """Tokens a second of as many requests at once, shared out among the servers."""
    body = {"prompt": list(range(5, 37)), "temperature": 0, "max_tokens": TOKENS, "ignore_eos": True}
    requests = [urllib.request.Request(
        url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}) for url in urls]
    begin = time.perf_counter()
    with ThreadPoolExecutor(streams) as pool:
        list(pool.map(lambda n: urllib.request.urlopen(requests[n % len(urls)]).read(), range(streams)))
    return streams * TOKENS / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weights", default="f32")
    parser.add_argument("--ranks-serve", default="all", choices=["first", "all"])
    options = parser.parse_args()
    servers = 2 if options.ranks_serve == "all" else 1
    flags = ["--weights", options.weights]
    one, one_url = start([], 1, options.binary, options.model, "--threads", "2", *flags)
    job, job_url = start(
        MPIRUN, servers, options.binary, options.model, "--threads", "1", "--ranks-serve", options.ranks_serve, *flags)
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
