#!/usr/bin/env python3
"""Ten steps of fine-tuning from checkpoints of every kind, beside torch's: the same data, optimizer and clipping, no dropout.

    ten_steps.py SWITCHYARD WORK_DIR [--only NAME]...

Losses have to be within 1e-4 of torch's in every step; what is left behind has to load in transformers, and answer with the
tokens that `switchyard generate` answers with. Ends with status 1 where one is not.

torch computes in double precision, one example after another: so there is no padding, which would take part of the capacity of
experts. Router losses are those of the papers, layer by layer (Tests/TrainingGolden/training_reference.py).
"""
import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import load_file, save_file
from transformers.optimization import Adafactor

import start_models
from start_models import MODELS, pairs

sys.path.insert(0, str(Path(__file__).parent.parent / "Parity"))
from reference import load  # noqa: E402

STEPS, BALANCE, Z, PREFIX = 10, 0.01, 0.001, "translate: "
TOLERANCE = 1e-4
RATES = {"adafactor": 1e-3, "adamw": 3e-4}
WINDOW = 40


def examples(name, pieces):
    """What one step learns from: source (none for a language model), decoder inputs, labels."""
    if name == "language-model":
        ids = pieces.encode(language_text(pieces))
        return [(None, ids[:-1], ids[1:])]
    learnt = pairs()[:-3]
    return [(pieces.encode(PREFIX + source) + [1], [0] + pieces.encode(target), pieces.encode(target) + [1])
            for source, target in learnt]


def language_text(pieces):
    """A line of exactly one window of tokens and one more: every epoch is the same stretch."""
    words = " ".join(line for pair in pairs() for line in pair)
    for end in range(len(words)):
        if len(pieces.encode(words[:end])) == WINDOW + 1:
            return words[:end]
    raise SystemExit("no text of so many tokens")


def batch_loss(model, batch):
    """The mean over all labels, and the router losses over all rows of each layer."""
    logits, scores, labels = {}, [], []
    hooks = [module.register_forward_hook(lambda m, i, o, name=name: logits.setdefault(name, []).append(o[2].flatten(0, -2)))
             for name, module in model.named_modules() if name.endswith("mlp.router")]
    for source, inputs, wanted in batch:
        if source is None:
            scores.append(model(input_ids=torch.tensor([inputs])).logits[0])
        else:
            scores.append(model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([inputs])).logits[0])
        labels += wanted
    for hook in hooks:
        hook.remove()
    plain = torch.nn.functional.cross_entropy(torch.cat(scores), torch.tensor(labels))
    balance = z = 0
    for parts in logits.values():
        rows = torch.cat(parts)
        probabilities = rows.softmax(-1)
        shares = torch.nn.functional.one_hot(probabilities.argmax(-1), rows.shape[-1]).double().mean(0)
        balance = balance + rows.shape[-1] * (shares * probabilities.mean(0)).sum()
        z = z + (torch.logsumexp(rows, -1) ** 2).mean()
    return plain, plain + BALANCE * balance + Z * z


def torch_losses(directory, batch, optimizer):
    model = load(directory).double()
    for module in model.modules():
        if hasattr(module, "jitter_noise"):
            module.dtype, module.jitter_noise = torch.float64, 0
        for rate in ("p", "dropout"):
            if isinstance(getattr(module, rate, None), float):
                setattr(module, rate, 0.0)
    model.train()
    parameters = [value for name, value in model.named_parameters() if "EncDecAttention" not in name or batch[0][0]]
    if optimizer == "adafactor":
        steps = Adafactor(parameters, lr=RATES[optimizer], scale_parameter=True, relative_step=False, warmup_init=False,
                          clip_threshold=1.0, decay_rate=-0.8)
    else:
        steps = torch.optim.AdamW(parameters, lr=RATES[optimizer], betas=(0.9, 0.98), eps=1e-9, weight_decay=0)
    losses = []
    for _ in range(STEPS):
        steps.zero_grad()
        plain, objective = batch_loss(model, batch)
        objective.backward()
        for value in parameters:
            if value.grad is None:
                value.grad = torch.zeros_like(value)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        steps.step()
        losses.append((plain.item(), objective.item()))
    return losses


def our_losses(program, directory, run, name, optimizer, pieces):
    shutil.rmtree(run, ignore_errors=True)
    run.parent.mkdir(parents=True, exist_ok=True)
    files = {kind: run.parent / f"{run.name}.{kind}" for kind in ("learnt", "judged")}
    if name == "language-model":
        for file in files.values():
            file.write_text(language_text(pieces) + "\n")
        data = ["--task", "language-model", "--text", files["learnt"], "--validation-text", files["judged"],
                "--max-tokens", str(WINDOW)]
    else:
        files["learnt"].write_text("".join(f"{source}\t{target}\n" for source, target in pairs()[:-3]))
        files["judged"].write_text("".join(f"{source}\t{target}\n" for source, target in pairs()[-3:]))
        data = ["--pairs", files["learnt"], "--validation-pairs", files["judged"], "--prefix", PREFIX, "--bleu-sentences", "0"]
    subprocess.run(
        [program, "train", run, "--from", directory, *data, "--optimizer", optimizer, "--learning-rate", str(RATES[optimizer]),
         "--dropout", "0", "--expert-dropout", "0", "--jitter", "0", "--steps", str(STEPS), "--validate-every", str(STEPS),
         "--batch-tokens", "100000", "--workers", "1", "--log-every", "1"],
        check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(line["loss"], line["objective"]) for line in lines if "objective" in line]


def load_language_model(directory):
    """transformers' parts have the embedding under one name; ours is there under two."""
    copy = directory.parent / "one-name"
    shutil.copytree(directory, copy, dirs_exist_ok=True)
    tensors = load_file(directory / "model.safetensors")
    del tensors["shared.weight"]
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    return load(copy)


def answers_differ(program, best, name, pieces):
    """Prompts that transformers and we answer with other tokens."""
    model = load_language_model(best) if name == "language-model" else load(best)
    prompts = [PREFIX + source for source, _ in pairs()[:6]]
    differing = []
    for prompt in prompts:
        done = subprocess.run([program, "generate", best, "--weights", "f32", "--json", "--max-tokens", "12",
                               "--temperature", "0", "--prompt", prompt],
                              check=True, capture_output=True, text=True)
        ours = json.loads(done.stdout)[0]["token_ids"]
        is_pair = model.config.is_encoder_decoder
        ids = torch.tensor([pieces.encode(prompt) + ([1] if is_pair else [])])
        theirs = model.generate(ids, max_new_tokens=12, do_sample=False)[0, 1 if is_pair else ids.shape[1]:].tolist()
        if ours != theirs:
            differing.append((prompt, ours, theirs))
    return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", action="append", choices=sorted(MODELS))
    arguments = parser.parse_args()
    vocabulary = start_models.vocabulary()
    pieces = sentencepiece.SentencePieceProcessor(model_proto=vocabulary)
    failures = 0
    for name in arguments.only or MODELS:
        directory = arguments.work / "models" / name
        start_models.make(name, directory, vocabulary)
        for optimizer in RATES:
            theirs = torch_losses(directory, examples(name, pieces), optimizer)
            run = arguments.work / "runs" / f"{name}-{optimizer}"
            ours = our_losses(arguments.program, directory, run, name, optimizer, pieces)
            error = max(abs(a - b) for our, their in zip(ours, theirs, strict=True) for a, b in zip(our, their))
            differing = answers_differ(arguments.program, run / "best", name, pieces)
            is_good = error < TOLERANCE and not differing
            failures += not is_good
            print(f"{'ok  ' if is_good else 'FAIL'} {name:15} {optimizer:9} losses {theirs[0][0]:.4f} to {theirs[-1][0]:.4f}, "
                  f"apart at most {error:.1e}; {len(differing)} of 6 answers differ", flush=True)
            if error >= TOLERANCE:
                print("     by step:", *(f"{abs(our[1] - their[1]):.1e}" for our, their in zip(ours, theirs)))
            for prompt, mine, other in differing[:1]:
                print(f"     {prompt!r}: {mine}, transformers {other}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
