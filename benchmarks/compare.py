#!/usr/bin/env python3
"""Tokens per second of Switchyard over HTTP beside transformers, in one run.

    compare.py MODEL_DIR [--binary .build/release/switchyard] [--streams 1 32] [--tokens 64] [--rounds 3] [--json FILE]

Both run Float32 on the same threads and take turns; a round is one measurement of each. Prompts are random token ids,
outputs have a fixed length. Prints medians, the spread and the ratio, and ends with status 1 below the floors:
1.3 times transformers at one stream, no slower at 32. Needs torch and transformers (Tests/Parity/requirements.txt).
"""
import argparse
import concurrent.futures
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version

import torch
from transformers import SwitchTransformersForConditionalGeneration

FLOORS = {1: 1.3, 32: 1.0}


class Switchyard:
    name = "switchyard f32"

    def __init__(self, binary, model, threads):
        self.process = subprocess.Popen(
            [binary, "serve", model, "--port", "0", "--threads", str(threads)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.url = re.fullmatch(r"listening on (http://\S+)\n", line).group(1)

    def complete(self, prompt, tokens):
        body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, "return_token_ids": True}
        request = urllib.request.Request(
            self.url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)["choices"][0]["token_ids"]

    def run(self, prompts, tokens):
        with concurrent.futures.ThreadPoolExecutor(len(prompts)) as pool:
            return list(pool.map(lambda prompt: self.complete(prompt, tokens), prompts))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Transformers:
    name = "transformers f32"

    def __init__(self, model, threads):
        torch.set_num_threads(threads)
        self.model = SwitchTransformersForConditionalGeneration.from_pretrained(model, dtype=torch.float32).eval()

    @torch.no_grad()
    def run(self, prompts, tokens):
        out = self.model.generate(
            torch.tensor(prompts), do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens)
        return out[:, 1:].tolist()

    def stop(self):
        pass


def measure(engines, streams, arguments):
    """Tokens per second of each engine, one value a round."""
    choice = random.Random(streams)
    rates = {engine.name: [] for engine in engines}
    vocabulary = json.load(open(os.path.join(arguments.model, "config.json")))["vocab_size"]
    for round_number in range(arguments.rounds + 1):
        prompts = [choice.choices(range(2, vocabulary), k=arguments.prompt_tokens) for _ in range(streams)]
        for engine in engines:
            start = time.perf_counter()
            answers = engine.run(prompts, arguments.tokens)
            seconds = time.perf_counter() - start
            assert all(len(answer) == arguments.tokens for answer in answers), engine.name
            # The first round warms caches and is not counted.
            if round_number > 0:
                rates[engine.name].append(streams * arguments.tokens / seconds)
    return rates


def processor():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()} ({os.cpu_count()} threads visible)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompt-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json")
    arguments = parser.parse_args()
    setting = {
        "processor": processor(), "threads": arguments.threads, "python": platform.python_version(),
        "torch": version("torch"), "transformers": version("transformers"),
        "switchyard": subprocess.run([arguments.binary, "--version"], capture_output=True, text=True).stdout.strip(),
        "tokens": arguments.tokens, "prompt tokens": arguments.prompt_tokens, "rounds": arguments.rounds,
        "date": time.strftime("%Y-%m-%d"),
    }
    print("\n".join(f"{key}: {value}" for key, value in setting.items()))
    engines = [Switchyard(arguments.binary, arguments.model, arguments.threads),
               Transformers(arguments.model, arguments.threads)]
    results, failed = {}, False
    print(f"\n{'streams':>7}  {'engine':18} {'tokens/s':>9}  {'min – max':>17}  ratio")
    try:
        for streams in arguments.streams:
            rates = results[streams] = measure(engines, streams, arguments)
            ours, theirs = (rates[engine.name] for engine in engines)
            ratio = statistics.median(a / b for a, b in zip(ours, theirs))
            for name, values in rates.items():
                shown = f"{ratio:.2f}" if values is ours else ""
                print(f"{streams:>7}  {name:18} {statistics.median(values):>9.1f}  "
                      f"{min(values):>7.1f} – {max(values):<7.1f}  {shown}")
            failed = failed or ratio < FLOORS.get(streams, 0)
    finally:
        for engine in engines:
            engine.stop()
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"setting": setting, "tokens per second": results}, file, indent=1)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
