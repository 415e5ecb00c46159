#!/usr/bin/env python3
"""What every generated token was picked after looking at: the oracle of `return_cross_attention`.

    cross_attention.py CHECKPOINT OUT.json

{"cases": [{"prompt", "decoder_prompt", "block", "tokens", "weights": [[f32 per token of the prompt] per token]}]}

`tokens` begin with `decoder_prompt`, which the decoder reads in one pass; the others are greedy, a pass for each. `weights`
are `output_attentions` of transformers with eager attention in float32, mean over the heads of one decoder block.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import DynamicCache, EncoderDecoderCache

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reference import load, make_prompts, rounded

TOKENS = 10


@torch.no_grad()
def case(model, prompt, decoder_prompt, block):
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    encoded = model.encoder(input_ids=torch.tensor([prompt]))
    tokens, weights = list(decoder_prompt), []
    read = [model.generation_config.decoder_start_token_id, *decoder_prompt]
    while True:
        out = model(encoder_outputs=encoded, decoder_input_ids=torch.tensor([read]), past_key_values=cache, use_cache=True,
                    output_attentions=True)
        weights += [rounded(row.tolist()) for row in out.cross_attentions[block][0].mean(0)]
        if len(tokens) == len(decoder_prompt) + TOKENS:
            break
        read = [out.logits[0, -1].argmax().item()]
        tokens += read
    # The last is of a token that comes after those that are asked for.
    return {"prompt": prompt, "decoder_prompt": list(decoder_prompt), "block": block, "tokens": tokens,
            "weights": weights[: len(tokens)]}


def main(directory, out):
    model = load(directory)
    if not model.config.is_encoder_decoder:
        return
    model.set_attn_implementation("eager")
    (short, long, forced), _ = make_prompts(model, [4, 33, 9])
    last = len(model.decoder.block) - 1
    cases = [case(model, short, [], last), case(model, long, [], 0), case(model, forced, forced[2:7], last)]
    out.write_text(json.dumps({"cases": cases}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
