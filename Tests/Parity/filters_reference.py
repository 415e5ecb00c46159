#!/usr/bin/env python3
"""What transformers' random filters leave of rows of logits: `filters_reference.py OUT.json`.

{"versions", "cases": [{"logits", "filters", "probabilities": {token: probability of the tokens that are left}}]}

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

VOCABULARY = 40
FILTERS = [
    {}, {"temperature": 0.3}, {"temperature": 1.9}, {"top_k": 1}, {"top_k": 7}, {"top_k": 400}, {"top_p": 0.05},
    {"top_p": 0.5}, {"top_p": 0.99}, {"min_p": 0.02}, {"min_p": 0.4}, {"min_p": 1.0}, {"typical_p": 0.1},
    {"typical_p": 0.6}, {"typical_p": 0.97}, {"temperature": 0.7, "top_k": 20, "top_p": 0.9},
    {"temperature": 1.5, "top_k": 30, "top_p": 0.95, "min_p": 0.05, "typical_p": 0.8},
]


def rows():
    choice = random.Random(3)
    smooth = [round(choice.gauss(0, 2), 3) for _ in range(VOCABULARY)]
    coarse = [float(choice.randint(-3, 3)) for _ in range(VOCABULARY)]
    sparse = [value if choice.random() < 0.5 else None for value in smooth]
    peaked = [round(choice.gauss(0, 0.5), 3) for _ in range(VOCABULARY)]
    peaked[17] = 12.0
    return [smooth, coarse, sparse, peaked]


def main():
    config = SwitchTransformersConfig(vocab_size=VOCABULARY, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2,
                                      num_sparse_encoder_layers=0, num_sparse_decoder_layers=0, num_experts=2)
    model = SwitchTransformersForConditionalGeneration(config)
    cases = []
    for logits in rows():
        has_ties = len(set(logits) - {None}) < len([value for value in logits if value is not None])
        scores = torch.tensor([[float("-inf") if value is None else value for value in logits]])
        for filters in FILTERS:
            if has_ties and {"top_p", "typical_p"} & set(filters):
                continue
            generation = GenerationConfig(do_sample=True, top_k=filters.get("top_k", 0),
                                          **{name: value for name, value in filters.items() if name != "top_k"})
            processors = model._get_logits_processor(generation, input_ids_seq_length=1)
            left = torch.softmax(processors(torch.zeros((1, 1), dtype=torch.long), scores.clone()).double(), dim=-1)[0]
            cases.append({"logits": logits, "filters": filters, "probabilities": {
                str(token): float(f"{value:.7g}") for token, value in enumerate(left.tolist()) if value > 0}})
    lines = ",\n".join("  " + json.dumps(case, separators=(",", ":")) for case in cases)
    versions = json.dumps({name: version(name) for name in ("torch", "transformers")})
    Path(sys.argv[1]).write_text(f'{{"versions": {versions},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
