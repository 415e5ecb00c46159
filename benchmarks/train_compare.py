#!/usr/bin/env python3
"""Tokens a second of training beside PyTorch: the same sizes, the same pairs, the same optimizer, float32, in turns.

    train_compare.py BINARY PAIRS.tsv [--rounds 3] [--steps 12] [--batch-tokens 2800]

PAIRS.tsv holds lines `source <tab> target`. PyTorch runs the model class of transformers on batches of neighbours in length,
padded; only tokens that are no padding count. Prints one JSON object.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import sentencepiece
import torch
from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

SIZES = dict(d_model=256, d_ff=512, d_kv=32, num_heads=8, num_layers=4, num_decoder_layers=4, num_experts=8,
             encoder_sparse_step=2, decoder_sparse_step=2, expert_capacity=64, tie_word_embeddings=False, dropout_rate=0.1,
             decoder_start_token_id=0, eos_token_id=1, pad_token_id=0)


def ours(arguments, folder, number):
    run = folder / f"run-{number}"
    vocabulary = folder / "run-0" / "spiece.model"
    more = ["--vocabulary", str(vocabulary)] if vocabulary.exists() else ["--vocabulary-size", "6000"]
    subprocess.run(
        [arguments.binary, "train", str(run), "--pairs", arguments.pairs, "--held-out", "10", "--bleu-sentences", "0",
         "--steps", str(arguments.steps), "--batch-tokens", str(arguments.batch_tokens), "--log-every", "1",
         "--validate-every", "1000000", "--save-every", "1000000", "--label-smoothing", "0", "--jitter", "0", *more],
        check=True, stderr=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line["tokens_per_second"] for line in lines if "tokens_per_second" in line][2:]


def batches(arguments, vocabulary):
    pairs = []
    for line in Path(arguments.pairs).read_text().splitlines():
        source, target = (vocabulary.encode(side) for side in line.split("\t")[:2])
        pairs.append((source + [1], target + [1]))
    pairs.sort(key=lambda pair: (len(pair[0]) + len(pair[1]), len(pair[0])))
    batch, tokens, made = [], 0, []
    for pair in pairs:
        if tokens + len(pair[0]) + len(pair[1]) > arguments.batch_tokens and batch:
            made.append((batch, tokens))
            batch, tokens = [], 0
        batch.append(pair)
        tokens += len(pair[0]) + len(pair[1])
    random.Random(1).shuffle(made)
    return made


def theirs(arguments, vocabulary, number):
    torch.manual_seed(number)
    model = SwitchTransformersForConditionalGeneration(SwitchTransformersConfig(vocab_size=vocabulary.vocab_size(), **SIZES))
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98))
    speeds = []
    for batch, tokens in batches(arguments, vocabulary)[: arguments.steps]:
        pad = torch.nn.utils.rnn.pad_sequence
        sources = pad([torch.tensor(source) for source, _ in batch], batch_first=True)
        labels = pad([torch.tensor(target) for _, target in batch], batch_first=True, padding_value=-100)
        started = time.perf_counter()
        optimizer.zero_grad()
        model(input_ids=sources, attention_mask=(sources != 0).long(), labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        speeds.append(tokens / (time.perf_counter() - started))
    return speeds[2:]


parser = argparse.ArgumentParser()
parser.add_argument("binary")
parser.add_argument("pairs")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--steps", type=int, default=12)
parser.add_argument("--batch-tokens", type=int, default=2800)
arguments = parser.parse_args()
torch.set_num_threads(len(os.sched_getaffinity(0)))
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    result = dict(switchyard=[], torch=[])
    for number in range(arguments.rounds):
        result["switchyard"] += ours(arguments, folder, number)
        vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(folder / "run-0" / "spiece.model"))
        result["torch"] += theirs(arguments, vocabulary, number)
medians = {name: statistics.median(speeds) for name, speeds in result.items()}
halves = {f"{name}_middle_half": statistics.quantiles(speeds)[::2] for name, speeds in result.items()}
print(json.dumps(medians | halves | dict(ratio=medians["switchyard"] / medians["torch"], torch_version=torch.__version__)))
