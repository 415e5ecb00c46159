#!/usr/bin/env python3
"""Time to the first generated token of a request with a decoder prompt, of one binary or of several in turns.

    decoder_prompt.py MODEL_DIR BINARY... [--weights f32 bf16 int8] [--tokens 0 50 200] [--rounds 9]

Each binary serves the model with 2 threads, all at once; requests go to one at a time: a prompt of 32 random tokens, a
decoder prompt of random tokens, one token generated, without log-probabilities and (`scored`) with them. Prints the median
time in milliseconds (least – most), and how many times sooner each binary's median is than the first one's. The standard
library is all it needs.
"""
import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import time

PROMPT = 32


def serve(binary, model, weights):
    server = subprocess.Popen([binary, "serve", model, "--weights", weights, "--port", "0", "--threads", "2"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, int(re.search(r":(\d+)$", server.stdout.readline().strip()).group(1))


def seconds(port, vocabulary, tokens, scored):
    draw = lambda count: [random.randrange(2, vocabulary) for _ in range(count)]
    body = {"prompt": draw(PROMPT), "max_tokens": 1, "temperature": 0, "ignore_eos": True}
    if tokens:
        body["decoder_prompt"] = draw(tokens)
    if scored:
        body["logprobs"] = 0
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(text.decode())
    return time.perf_counter() - start


def compare(arguments, weights, vocabulary):
    servers = [serve(binary, arguments.model, weights) for binary in arguments.binaries]
    try:
        kinds = [(tokens, scored) for tokens in arguments.tokens for scored in ((False, True) if tokens else (False,))]
        for tokens, scored in kinds:
            found = [[] for _ in servers]
            for number in range(arguments.rounds + 1):
                for (_, port), times in zip(servers, found):
                    time_taken = seconds(port, vocabulary, tokens, scored)
                    if number > 0:
                        times.append(1000 * time_taken)
            first = statistics.median(found[0])
            for binary, times in zip(arguments.binaries, found):
                median = statistics.median(times)
                print(f"{weights} decoder prompt {tokens:3}{' scored' if scored else '':7} {binary}: {median:7.1f} ms "
                      f"({min(times):.1f} – {max(times):.1f}), {first / median:.2f} x sooner", flush=True)
    finally:
        for server, _ in servers:
            server.terminate()
            server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("binaries", nargs="+")
    parser.add_argument("--weights", nargs="+", default=["f32", "bf16", "int8"])
    parser.add_argument("--tokens", nargs="+", type=int, default=[0, 50, 200])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with open(f"{arguments.model}/config.json") as file:
        vocabulary = json.load(file)["vocab_size"]
    for weights in arguments.weights:
        compare(arguments, weights, vocabulary)


if __name__ == "__main__":
    main()
