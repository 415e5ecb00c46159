#!/usr/bin/env python3
"""Embeddings a second of Switchyard over HTTP beside sentence-transformers, in one run.

    embeddings.py DIRECTORY VOCABULARY [--sentences 1000] [--rounds 5] [--threads 2] [--weights f32 int8] [--floor NAME RATIO]

DIRECTORY is made where it is not there: an encoder of T5-base's shape (768 wide, 12 layers, feed-forward 3,072) with random
weights, the mean of the tokens, a linear layer and length 1, as sentence-transformers saves it, with the tokenizer of the model
directory VOCABULARY. Both get the same sentences of drawn words on the same threads, 100 in a request or a call, and take turns
after each; sentence-transformers sorts them by length and pads batches of 32, its default. Vectors are compared, too. Prints
medians, the spread and the ratio over rounds of all sentences; ends with status 1 below --floor. Needs torch, sentence-transformers, sentencepiece.
"""
import argparse
import base64
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import numpy
import torch
from sentence_transformers import SentenceTransformer

PART = 100
SHAPE = dict(d_model=768, d_kv=64, d_ff=3072, num_heads=12, num_layers=12, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)


def make(directory, vocabulary):
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import T5Config, T5EncoderModel, T5Tokenizer
    torch.manual_seed(5)
    parts = directory.with_name(directory.name + "-parts")
    tokenizer = T5Tokenizer.from_pretrained(vocabulary, extra_ids=0)
    T5EncoderModel(T5Config(**SHAPE, vocab_size=32128)).save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    modules = [Transformer(str(parts), max_seq_length=256), Pooling(768, "mean"),
               Dense(768, 768, bias=False, activation_function=torch.nn.Identity()), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(directory), create_model_card=False)
    shutil.rmtree(parts)


class Switchyard:
    def __init__(self, weights, arguments):
        self.process = subprocess.Popen(
            [arguments.binary, "serve", str(arguments.directory), "--port", "0", "--threads", str(arguments.threads),
             "--weights", weights], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = re.fullmatch(r"listening on (http://\S+)\n", self.process.stdout.readline()).group(1)
        while True:
            try:
                urllib.request.urlopen(self.url + "/readyz").close()
                return
            except OSError:
                time.sleep(0.1)

    def embed(self, texts):
        """Vectors, and the tokens they are of."""
        body = json.dumps({"input": texts, "encoding_format": "base64"}).encode()
        request = urllib.request.Request(self.url + "/v1/embeddings", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        rows = [numpy.frombuffer(base64.b64decode(entry["embedding"]), numpy.float32) for entry in answer["data"]]
        return numpy.stack(rows), answer["usage"]["prompt_tokens"]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class SentenceTransformers:
    def __init__(self, arguments):
        torch.set_num_threads(arguments.threads)
        self.model = SentenceTransformer(str(arguments.directory), device="cpu")

    def embed(self, texts):
        return self.model.encode(texts, batch_size=32), None

    def stop(self):
        pass


def words(vocabulary):
    import sentencepiece
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(vocabulary / "spiece.model"))
    found = (pieces.id_to_piece(index) for index in range(pieces.get_piece_size()))
    return [piece[1:] for piece in found if re.fullmatch(r"▁[A-Za-z]{2,}", piece)]


parser = argparse.ArgumentParser()
parser.add_argument("directory", type=Path)
parser.add_argument("vocabulary", type=Path)
parser.add_argument("--binary", default=".build/release/switchyard")
parser.add_argument("--sentences", type=int, default=1000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--weights", nargs="+", default=["f32", "int8"])
parser.add_argument("--floor", nargs=2, action="append", default=[], metavar=("NAME", "RATIO"))
arguments = parser.parse_args()
if not (arguments.directory / "modules.json").exists():
    make(arguments.directory, arguments.vocabulary)
choice = random.Random(11)
known = words(arguments.vocabulary)
texts = [" ".join(choice.choices(known, k=choice.randint(6, 40))) for _ in range(arguments.sentences)]
engines = {f"switchyard-{weights}": Switchyard(weights, arguments) for weights in arguments.weights}
engines["sentence-transformers"] = SentenceTransformers(arguments)
seconds = {name: [] for name in engines}
parts = [texts[start:start + PART] for start in range(0, len(texts), PART)]
vectors = {name: engine.embed(texts[:64])[0] for name, engine in engines.items()}
for round_number in range(arguments.rounds):
    taken, tokens = dict.fromkeys(engines, 0.0), 0
    for part in parts:
        for name, engine in engines.items():
            start = time.perf_counter()
            found, counted = engine.embed(part)
            taken[name] += time.perf_counter() - start
            assert len(found) == len(part)
            tokens += counted if counted and name == next(iter(engines)) else 0
    for name in engines:
        seconds[name].append(taken[name])
    print({name: round(value, 1) for name, value in taken.items()}, file=sys.stderr, flush=True)
print(f"{len(texts)} sentences, {tokens} tokens, {arguments.threads} threads; torch {version('torch')}, "
      f"sentence-transformers {version('sentence-transformers')}")
status = 0
floors = {name: float(ratio) for name, ratio in arguments.floor}
for name in engines:
    rates = sorted(tokens / value for value in seconds[name])
    ratios = [other / own for other, own in zip(seconds["sentence-transformers"], seconds[name])]
    distance = abs(vectors[name] - vectors["sentence-transformers"]).max()
    print(f"{name:22} {statistics.median(rates):8.0f} tokens/s ({rates[0]:.0f} to {rates[-1]:.0f}), "
          f"{statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f}), vectors within {distance:.1e}")
    if statistics.median(ratios) < floors.get(name, 0):
        print(f"{name} is below its floor of {floors[name]}")
        status = 1
for engine in engines.values():
    engine.stop()
sys.exit(status)
