#!/usr/bin/env python3
"""Time to score candidates after one prompt: by one request to /v1/generative-scores, and by a completion for each.

    scores.py MODEL_DIR [--binary .build/release/switchyard] [--weights f32] [--candidates 100] [--tokens 8] [--rounds 9]

Both ask for the log-probability of every token of every candidate, of random ids, after one prompt of 32. A completion has the
candidate as its decoder prompt, `"logprobs": 0` and as few tokens to generate as there may be, none; the completions come from
`--clients` connections at once, each kept open. The two ways take turns. Prints the median time of each in milliseconds (least –
most), how many times sooner scores are, and the greatest difference between what both say. The server has 2 threads. The
standard library is all it needs.
"""
import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

PROMPT = 32


class Server:
    def __init__(self, arguments, weights):
        command = [arguments.binary, "serve", arguments.model, "--weights", weights, "--port", "0", "--threads", "2"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stdout.readline().strip()).group(1))
        connection = self.connect()
        while ask(connection, "GET", "/readyz", None)[0] != 200:
            time.sleep(0.1)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)


def ask(connection, method, path, body):
    connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def answer(connection, path, body):
    status, text = ask(connection, "POST", path, body)
    if status != 200:
        raise SystemExit(text.decode())
    return json.loads(text)


def by_scores(connections, prompt, candidates):
    result, = answer(connections[0], "/v1/generative-scores", {"query": prompt, "continuations": candidates})["results"]
    return [found["token_logprobs"] for found in result["continuations"]]


def by_completions(connections, prompt, candidates):
    def score(number):
        rest = range(number, len(candidates), len(connections))
        bodies = [{"prompt": prompt, "decoder_prompt": candidates[index], "max_tokens": 0, "logprobs": 0, "temperature": 0}
                  for index in rest]
        answers = [answer(connections[number], "/v1/completions", body) for body in bodies]
        return dict(zip(rest, [found["choices"][0]["logprobs"]["token_logprobs"] for found in answers]))

    with ThreadPoolExecutor(len(connections)) as pool:
        found = {index: logprobs for part in pool.map(score, range(len(connections))) for index, logprobs in part.items()}
    return [found[index] for index in range(len(candidates))]


def compare(arguments, weights, vocabulary):
    server = Server(arguments, weights)
    ways = {"scores": by_scores, "completions": by_completions}
    times = {name: [] for name in ways}
    try:
        difference = 0
        connections = [server.connect() for _ in range(arguments.clients)]
        draw = lambda count: [random.randrange(2, vocabulary) for _ in range(count)]
        for number in range(arguments.rounds + 1):
            prompt, candidates, found = draw(PROMPT), [draw(arguments.tokens) for _ in range(arguments.candidates)], {}
            for name, way in ways.items():
                start = time.perf_counter()
                found[name] = way(connections, prompt, candidates)
                if number > 0:
                    times[name].append(1000 * (time.perf_counter() - start))
            pairs = zip(sum(found["scores"], []), sum(found["completions"], []), strict=True)
            difference = max(difference, *(abs(a - b) for a, b in pairs))
        medians = {name: statistics.median(values) for name, values in times.items()}
        for name, values in times.items():
            print(f"{weights} {arguments.candidates} x {arguments.tokens} {name:11}: {medians[name]:8.1f} ms "
                  f"({min(values):.1f} – {max(values):.1f})", flush=True)
        ratios = [b / a for a, b in zip(times["scores"], times["completions"])]
        print(f"{weights} scores are {medians['completions'] / medians['scores']:.2f} x sooner "
              f"({min(ratios):.2f} – {max(ratios):.2f}), log-probabilities {difference:.1e} apart", flush=True)
    finally:
        server.process.terminate()
        server.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--weights", nargs="+", default=["f32"])
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=8)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with open(f"{arguments.model}/config.json") as file:
        vocabulary = json.load(file)["vocab_size"]
    for weights in arguments.weights:
        compare(arguments, weights, vocabulary)


if __name__ == "__main__":
    main()
