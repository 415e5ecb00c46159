#!/usr/bin/env python3
"""The mean of transformers' last encoder states over all tokens, end token included, for the fixtures with an encoder.

    embedding_reference.py OUT.json

{directory: [{"prompt", "embedding": [f32 per model dimension]}]}, in double precision, prompts of lengths 9 and 4.
"""
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from reference import load, make_prompts, rounded  # noqa: E402

FIXTURES = Path(__file__).parents[1] / "Fixtures"


@torch.no_grad()
def embeddings(directory):
    model = load(directory)
    if not model.config.is_encoder_decoder:
        return None
    prompts, _ = make_prompts(model, [9, 4])
    encoder = model.double().get_encoder()
    return [{"prompt": prompt, "embedding": rounded(
        encoder(input_ids=torch.tensor([prompt])).last_hidden_state[0].mean(0).tolist())} for prompt in prompts]


found = {path.parent.name: embeddings(path.parent) for path in sorted(FIXTURES.glob("tiny-*/reference.json"))}
Path(sys.argv[1]).write_text(json.dumps({name: cases for name, cases in found.items() if cases}) + "\n")
