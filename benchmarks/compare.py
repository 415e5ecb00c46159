#!/usr/bin/env python3
"""Tokens per second of Switchyard over HTTP beside transformers and CTranslate2, in one run.

    compare.py MODEL_DIR [--dense DENSE_DIR] [--engines NAME ...] [--streams 1 32] [--tokens 64] [--rounds 3] [--json FILE]

All run on the same threads and take turns; a round is one measurement of each. Prompts are random token ids, outputs
have a fixed length. `--prompt-tokens 512 --tokens 1` compares encoding. Prints medians, the spread and, in each round,
the ratios to transformers in the same or the nearest precision and to CTranslate2's better type; ends with status 1
below the floors of --floor. DENSE_DIR is what make_dense.py wrote. Needs torch, transformers, ctranslate2
(benchmarks/requirements.txt).
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
from pathlib import Path

import torch
from transformers import SwitchTransformersForConditionalGeneration

ENGINES = ["switchyard-f32", "switchyard-bf16", "switchyard-int8", "switchyard-int4", "transformers-f32",
           "transformers-bf16", "ctranslate2-f32", "ctranslate2-int8"]


class Switchyard:
    def __init__(self, precision, arguments):
        self.process = subprocess.Popen(
            [arguments.binary, "serve", arguments.model, "--port", "0", "--threads", str(arguments.threads),
             "--weights", precision],
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
    def __init__(self, precision, arguments):
        torch.set_num_threads(arguments.threads)
        dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
        self.model = SwitchTransformersForConditionalGeneration.from_pretrained(arguments.model, dtype=dtype).eval()

    @torch.no_grad()
    def run(self, prompts, tokens):
        out = self.model.generate(
            torch.tensor(prompts), do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens)
        return out[:, 1:].tolist()

    def stop(self):
        pass


class CTranslate2:
    def __init__(self, precision, arguments):
        import ctranslate2
        self.model = ctranslate2.Translator(
            arguments.dense, device="cpu", compute_type={"f32": "float32", "int8": "int8"}[precision],
            intra_threads=arguments.threads, inter_threads=1)
        self.names = json.loads((Path(arguments.dense) / "shared_vocabulary.json").read_text())

    def run(self, prompts, tokens):
        results = self.model.translate_batch(
            [[self.names[token] for token in prompt] for prompt in prompts], beam_size=1, max_batch_size=len(prompts),
            min_decoding_length=tokens, max_decoding_length=tokens, max_input_length=0, return_end_token=True)
        return [result.hypotheses[0] for result in results]

    def stop(self):
        pass


def measure(engines, streams, arguments):
    """Tokens per second of each engine, one value a round."""
    choice = random.Random(streams)
    rates = {name: [] for name in engines}
    vocabulary = json.loads((Path(arguments.model) / "config.json").read_text())["vocab_size"]
    for round_number in range(arguments.rounds + 1):
        prompts = [choice.choices(range(2, vocabulary), k=arguments.prompt_tokens) for _ in range(streams)]
        for name, engine in engines.items():
            start = time.perf_counter()
            answers = engine.run(prompts, arguments.tokens)
            seconds = time.perf_counter() - start
            assert all(len(answer) == arguments.tokens for answer in answers), name
            # The first round warms caches and is not counted. With one token a request it is the prompt that counts.
            counted = arguments.tokens if arguments.tokens > 1 else arguments.prompt_tokens
            if round_number > 0:
                rates[name].append(streams * counted / seconds)
    return rates


def ratios(rates, name):
    """To transformers in the nearest precision, and to the better type of CTranslate2: medians over rounds."""
    precision = name.split("-")[1]
    others = {"transformers": [f"transformers-{'f32' if precision == 'f32' else 'bf16'}"],
              "ctranslate2": [other for other in rates if other.startswith("ctranslate2")]}
    found = {}
    for label, names in others.items():
        present = [other for other in names if other in rates]
        if present:
            best = max(present, key=lambda other: statistics.median(rates[other]))
            found[best] = statistics.median(a / b for a, b in zip(rates[name], rates[best]))
    return found


def processor():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()} ({os.cpu_count()} threads visible)"


def setting(arguments):
    packages = ["torch", "transformers"] + (["ctranslate2"] if arguments.dense else [])
    return {
        "processor": processor(), "threads": arguments.threads, "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "switchyard": subprocess.run([arguments.binary, "--version"], capture_output=True, text=True).stdout.strip(),
        "tokens": arguments.tokens, "prompt tokens": arguments.prompt_tokens, "rounds": arguments.rounds,
        "date": time.strftime("%Y-%m-%d"),
    }


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dense")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=["switchyard-f32", "transformers-f32"])
    parser.add_argument("--binary", default=".build/release/switchyard")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--prompt-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--floor", nargs=3, action="append", default=[], metavar=("STREAMS", "ENGINE/OTHER", "RATIO"),
                        help="such as 1 switchyard-bf16/transformers-bf16 4")
    parser.add_argument("--json")
    return parser.parse_args()


def main():
    arguments = parsed()
    facts = setting(arguments)
    print("\n".join(f"{key}: {value}" for key, value in facts.items()))
    kinds = {"switchyard": Switchyard, "transformers": Transformers, "ctranslate2": CTranslate2}
    engines = {}
    results, failed = {}, False
    print(f"\n{'streams':>7}  {'engine':18} {'tokens/s':>9}  {'min – max':>17}  ratios")
    try:
        for name in arguments.engines:
            engines[name] = kinds[name.split("-")[0]](name.split("-")[1], arguments)
        for streams in arguments.streams:
            rates = results[streams] = measure(engines, streams, arguments)
            for name, values in rates.items():
                compared = ratios(rates, name) if name.startswith("switchyard") else {}
                shown = ", ".join(f"{ratio:.2f} × {other}" for other, ratio in compared.items())
                print(f"{streams:>7}  {name:18} {statistics.median(values):>9.1f}  "
                      f"{min(values):>7.1f} – {max(values):<7.1f}  {shown}", flush=True)
                for count, pair, least in arguments.floor:
                    ours, other = pair.split("/")
                    missed = int(count) == streams and ours == name and compared.get(other, 1e9) < float(least)
                    failed = failed or missed
    finally:
        for engine in engines.values():
            engine.stop()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"setting": facts, "tokens per second": results}, indent=1))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
