#!/usr/bin/env python3
"""Time between tokens of streams, while others join, beside what the machine's limits predict.

    latency.py MODEL_DIR [--weights bf16] [--streams 1 8 32 64] [--tokens 96] [--binary .build/release/switchyard]

Streams start one after the other, spread over the time that half of the first one takes, and each reads its own
socket. For each number of streams: median and 99th percentile of the time between tokens, the slowest stream's mean,
and how much the 99th percentile grew since one stream beside how much the least time of a step grew (`bench`: bytes by
bandwidth or operations by arithmetic, whichever is more, part by part). Then the rate of one request with four beams
beside four greedy requests, and what serving 32 streams costs: the share of the time in which the engine ran no pass of
the model, and the rate of its decoding passes. The standard library is all it needs.
"""
import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import threading
import time


def stream(port, vocabulary, tokens, delay, gaps):
    time.sleep(delay)
    prompt = [random.randrange(2, vocabulary) for _ in range(32)]
    body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": True}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer, last = connection.getresponse(), None
    while line := answer.readline():
        if line.startswith(b"data: {"):
            now = time.perf_counter()
            if last is not None:
                gaps.append(now - last)
            last = now


def measure(port, vocabulary, streams, tokens, seconds):
    gaps = [[] for _ in range(streams)]
    threads = [threading.Thread(target=stream, args=(port, vocabulary, tokens, seconds * index / streams, gaps[index]))
               for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(gap for one in gaps for gap in one)
    return (statistics.median(every), every[int(len(every) * 0.99)], max(statistics.mean(one) for one in gaps))


def rows_per_second(port, vocabulary, tokens, requests, **options):
    """Decoder rows of requests that run together."""
    def one():
        body = {"prompt": [random.randrange(2, vocabulary) for _ in range(32)], "max_tokens": tokens, "ignore_eos": True}
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/v1/completions", json.dumps(body | options), {"Content-Type": "application/json"})
        connection.getresponse().read()

    threads = [threading.Thread(target=one) for _ in range(requests)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 4 * tokens / (time.perf_counter() - start)


def compare_beams(port, vocabulary, tokens, rounds=9):
    ratios = []
    for _ in range(rounds):
        beams = rows_per_second(port, vocabulary, tokens, 1, num_beams=4)
        greedy = rows_per_second(port, vocabulary, tokens, 4, temperature=0)
        ratios.append(beams / greedy)
    print(f"one request with 4 beams beside 4 greedy requests: {statistics.median(ratios):.2f} "
          f"({min(ratios):.2f} – {max(ratios):.2f})")


def passes(port):
    """Seconds of encoding and of decoding so far, and tokens generated."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    names = ('switchyard_engine_step_seconds_sum{phase="encode"}', 'switchyard_engine_step_seconds_sum{phase="decode"}',
             "switchyard_generated_tokens_total")
    return [float(re.search("^" + re.escape(name) + r" (\S+)$", text, re.MULTILINE).group(1)) for name in names]


def cost_of_serving(port, vocabulary, tokens, streams=32, rounds=5):
    idle, rates = [], []
    for _ in range(rounds):
        before, start = passes(port), time.perf_counter()
        measure(port, vocabulary, streams, tokens, 0)
        seconds, after = time.perf_counter() - start, passes(port)
        encode, decode, generated = (new - old for new, old in zip(after, before))
        idle.append(1 - (encode + decode) / seconds)
        rates.append(generated / decode)
    print(f"{streams} streams: no pass in {statistics.median(idle):.1%} of the time; {statistics.median(rates):.0f} tokens "
          f"a second of decoding passes ({min(rates):.0f} – {max(rates):.0f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--weights", default="bf16")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32, 64])
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--binary", default=".build/release/switchyard")
    arguments = parser.parse_args()
    words = [arguments.binary, "bench", arguments.model, "--weights", arguments.weights, "--json", "--rounds", "7",
             "--encode", "1"]
    for count in arguments.streams:
        words += ["--sequences", str(count)]
    results = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["results"]
    if not all("share_of_limit" in one for one in results):
        raise SystemExit("the machine's arithmetic could not be measured: too much else is running")
    least = {one["size"]: one["seconds"] * one["share_of_limit"] for one in results if one["task"] == "decode"}
    with open(f"{arguments.model}/config.json") as file:
        vocabulary = json.load(file)["vocab_size"]
    server = subprocess.Popen([arguments.binary, "serve", arguments.model, "--weights", arguments.weights, "--port", "0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(re.search(r":(\d+)$", server.stdout.readline().strip()).group(1))
    try:
        measure(port, vocabulary, 2, 8, 0)
        first = None
        for streams in arguments.streams:
            half = arguments.tokens * least[streams] / 2
            median, high, slowest = measure(port, vocabulary, streams, arguments.tokens, half)
            first = first or (high, least[streams])
            print(f"{streams:>3} streams: median {median * 1e3:6.1f} ms, 99 % {high * 1e3:6.1f} ms, slowest stream's mean "
                  f"{slowest * 1e3:6.1f} ms; 99 % grew {high / first[0]:5.2f}-fold, the least step "
                  f"{least[streams] / first[1]:5.2f}-fold: {high / first[0] / (least[streams] / first[1]):.2f}", flush=True)
        compare_beams(port, vocabulary, arguments.tokens)
        cost_of_serving(port, vocabulary, arguments.tokens)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
