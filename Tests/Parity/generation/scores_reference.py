#!/usr/bin/env python3
"""Log-probabilities of labels and of continuations under teacher forcing: the oracle of scores.

    scores_reference.py CHECKPOINT OUT.json

{"rounding", "cases": [{"prompt", "labels", "label_logprobs", "continuations", "logprobs": [[f32 per token]]}]}

Each continuation is one forward pass of its own, without a cache: of the decoder, which reads the start token and all tokens
but the last, or of a language model, which reads the prompt and those. It is in double precision: the reference's own rounding
is not ours to copy. `rounding` is how far the same passes in float32 are from these.
"""
import json
import random
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reference import exact, load, make_prompts, rounded

# One of a single token, which needs none to be read; those of 12 let small capacities bind.
LENGTHS = [1, 8, 3, 12, 2, 12]
PROMPTS = [9, 4, 24]


@torch.no_grad()
def after(model, prompt, tokens):
    """Log-probabilities over the vocabulary, `[1 + len(tokens), vocabulary]`: of what comes next, and after each token."""
    if not model.config.is_encoder_decoder:
        return model(input_ids=torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1:].log_softmax(-1)
    decoder = torch.tensor([[model.generation_config.decoder_start_token_id, *tokens]])
    return model(input_ids=torch.tensor([prompt]), decoder_input_ids=decoder, use_cache=False).logits[0].log_softmax(-1)


def case(model, prompt, seed):
    choice = random.Random(seed)
    labels = choice.sample(range(model.config.vocab_size), 4)
    continuations = [choice.choices(range(model.config.vocab_size), k=length) for length in LENGTHS]
    # Two that begin alike.
    continuations[2][:2] = continuations[1][:2]
    first = after(model, prompt, [])[0]
    logprobs = [[row[token].item() for row, token in zip(after(model, prompt, tokens[:-1]), tokens)] for tokens in continuations]
    return {"prompt": prompt, "labels": labels, "label_logprobs": first[labels].tolist(),
            "continuations": continuations, "logprobs": logprobs}


def numbers(cases):
    return [value for case in cases for values in [case["label_logprobs"], *case["logprobs"]] for value in values]


def main(directory, out):
    model = load(directory)
    prompts, _ = make_prompts(model, PROMPTS)
    own = [case(model, prompt, seed) for seed, prompt in enumerate(prompts)]
    double = exact(model)
    cases = [case(double, prompt, seed) for seed, prompt in enumerate(prompts)]
    rounding = max(abs(a - b) for a, b in zip(numbers(own), numbers(cases), strict=True))
    for entry in cases:
        entry["label_logprobs"] = rounded(entry["label_logprobs"])
        entry["logprobs"] = [rounded(values) for values in entry["logprobs"]]
    out.write_text(json.dumps({"rounding": rounded([rounding])[0], "cases": cases}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
