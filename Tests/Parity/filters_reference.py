#!/usr/bin/env python3
"""What transformers' random filters leave of rows of logits, and what it draws beams from: `filters_reference.py OUT.json`.

{"versions",
 "cases": [{"logits", "filters", "kept", "probabilities": {token: probability of the tokens that are left}}],
    `kept` is `min_tokens_to_keep`: 1, or in beam search one more than there are end tokens.
 "beams": [{"logprobs": [[...] per beam], "beam_scores", "filters", "end_tokens", "renormalizes",
            "candidates": [[beam, token, score, probability]]}]}
    Processed log-probabilities of each beam, and every continuation that has a probability.

Rows are random, some with equal values and some with forbidden tokens (null). The filters run in the order that
`generate` gives them. Which of equal values survives a filter that sorts is chance in torch: rows with equal values
meet only the other filters.
"""
import json
import random
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import GenerationConfig, SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

VOCABULARY, BEAMS, BEAM_VOCABULARY = 40, 3, 14
FILTERS = [
    {}, {"temperature": 0.3}, {"temperature": 1.9}, {"top_k": 1}, {"top_k": 7}, {"top_k": 400}, {"top_p": 0.05},
    {"top_p": 0.5}, {"top_p": 0.99}, {"min_p": 0.02}, {"min_p": 0.4}, {"min_p": 1.0}, {"typical_p": 0.1},
    {"typical_p": 0.6}, {"typical_p": 0.97}, {"temperature": 0.7, "top_k": 20, "top_p": 0.9},
    {"temperature": 1.5, "top_k": 30, "top_p": 0.95, "min_p": 0.05, "typical_p": 0.8},
]
# Filters that would leave fewer than two or three tokens, and some that would not.
KEEPING = [filters for filters in FILTERS if filters in (
    {"top_k": 1}, {"top_k": 7}, {"top_p": 0.05}, {"top_p": 0.5}, {"min_p": 0.4}, {"min_p": 1.0}, {"typical_p": 0.1},
    {"typical_p": 0.6}) or len(filters) > 2] + [{"top_k": 2, "min_p": 1.0, "typical_p": 0.1}]
BEAM_FILTERS = [
    {}, {"temperature": 0.4}, {"temperature": 1.7}, {"top_k": 1}, {"top_k": 5}, {"top_p": 0.3}, {"min_p": 0.3},
    {"typical_p": 0.2}, {"temperature": 1.3, "top_k": 9, "top_p": 0.8, "min_p": 0.05, "typical_p": 0.9},
]


def rows():
    choice = random.Random(3)
    smooth = [round(choice.gauss(0, 2), 3) for _ in range(VOCABULARY)]
    coarse = [float(choice.randint(-3, 3)) for _ in range(VOCABULARY)]
    sparse = [value if choice.random() < 0.5 else None for value in smooth]
    peaked = [round(choice.gauss(0, 0.5), 3) for _ in range(VOCABULARY)]
    peaked[17] = 12.0
    return [smooth, coarse, sparse, peaked]


def make_model():
    config = SwitchTransformersConfig(vocab_size=VOCABULARY, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2,
                                      num_sparse_encoder_layers=0, num_sparse_decoder_layers=0, num_experts=2)
    return SwitchTransformersForConditionalGeneration(config)


def processors(model, filters, end_tokens=0, **other):
    """Those of `generate`: greater than 0, `end_tokens` stands for beam search with so many end tokens."""
    generation = GenerationConfig(do_sample=True, num_beams=BEAMS if end_tokens else 1, top_k=filters.get("top_k", 0),
                                  **{name: value for name, value in filters.items() if name != "top_k"}, **other)
    generation._eos_token_tensor = torch.arange(max(end_tokens, 1))
    return model._get_logits_processor(generation, input_ids_seq_length=1)


def left(model, logits, filters, kept):
    scores = torch.tensor([[float("-inf") if value is None else value for value in logits]])
    chosen = processors(model, filters, end_tokens=kept - 1)
    probabilities = torch.softmax(chosen(torch.zeros((1, 1), dtype=torch.long), scores).double(), dim=-1)[0]
    return {"logits": logits, "filters": filters, "kept": kept, "probabilities": {
        str(token): float(f"{value:.7g}") for token, value in enumerate(probabilities.tolist()) if value > 0}}


def cases(model):
    for logits in rows():
        has_ties = len(set(logits) - {None}) < len([value for value in logits if value is not None])
        for kept, tried in ((1, FILTERS), (2, KEEPING), (3, KEEPING)):
            sorting = {"top_p", "typical_p"} if kept == 1 else {"top_p", "typical_p", "min_p"}
            for filters in tried:
                if not has_ties or not sorting & set(filters):
                    yield left(model, logits, filters, kept)


def beams(model, filters, end_tokens, renormalizes, seed):
    """As `_beam_search` does a step, up to where it draws."""
    noise = torch.Generator().manual_seed(seed)
    logprobs = torch.log_softmax(2 * torch.randn((BEAMS, BEAM_VOCABULARY), generator=noise), dim=-1)
    # Processors run before: some tokens are ruled out, and rows no longer sum to one.
    logprobs[torch.rand(logprobs.shape, generator=noise) < 0.2] = -torch.inf
    sums = torch.tensor([-3.25, -2.5, -4.0])
    chosen = processors(model, filters, end_tokens, renormalize_logits=renormalizes)
    scores = chosen(torch.zeros((BEAMS, 1), dtype=torch.long), logprobs.clone()) + sums[:, None]
    probabilities = torch.softmax(scores.double().flatten(), dim=0).reshape(scores.shape)
    return {
        "logprobs": [[None if value == -torch.inf else float(f"{value:.9g}") for value in row] for row in logprobs.tolist()],
        "beam_scores": sums.tolist(), "filters": filters, "end_tokens": end_tokens, "renormalizes": renormalizes,
        "candidates": [[beam, token, float(f"{scores[beam, token]:.7g}"), float(f"{probabilities[beam, token]:.7g}")]
                       for beam, token in (scores > -torch.inf).nonzero().tolist()]}


def lines(records):
    return ",\n".join("  " + json.dumps(record, separators=(",", ":")) for record in records)


def main():
    model = make_model()
    drawn = [beams(model, filters, end_tokens, renormalizes, seed)
             for seed, filters in enumerate(BEAM_FILTERS) for end_tokens in (1, 2) for renormalizes in (False, True)]
    versions = json.dumps({name: version(name) for name in ("torch", "transformers")})
    Path(sys.argv[1]).write_text(
        f'{{"versions": {versions},\n"cases": [\n{lines(cases(model))}\n],\n"beams": [\n{lines(drawn)}\n]}}\n')


if __name__ == "__main__":
    main()
