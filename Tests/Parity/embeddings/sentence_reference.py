#!/usr/bin/env python3
"""Encoders alone, and what sentence-transformers and transformers make of texts with them: the goldens of embeddings.

    sentence_reference.py FIXTURES

Writes, with random weights that are the same each time,

`tiny-sentence-t5`, as sentence-transformers saves it: a T5EncoderModel, the mean of the tokens, a linear layer, length 1, with
a tokenizer.json of 62 pieces;
`tiny-switch-encoder`, a SwitchTransformersEncoderModel whose capacity binds, and `tiny-mt5-encoder`, a gated MT5EncoderModel;
`sentences.json`: [{"text", "prompt", "embedding"}], the ids of the text and the vector that SentenceTransformer.encode gives;
`states.json`: {directory: [{"prompt", "states": [[f32 per model dimension] per token]}]}, last_hidden_state in double precision.

Made with sentence-transformers 6.2.0 beside the versions in README.md, one thread.
"""
import json
import random
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from transformers import (
    MT5Config, MT5EncoderModel, SwitchTransformersConfig, SwitchTransformersEncoderModel, T5Config, T5EncoderModel, T5Tokenizer)

sys.path.insert(0, str(Path(__file__).parents[1]))
from reference import rounded  # noqa: E402

SHAPE = dict(d_model=16, d_kv=6, d_ff=18, num_heads=2, num_layers=2, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)] + [(letter, -4.0) for letter in LETTERS] + [
    (f"▁{letter}", -4.5) for letter in LETTERS] + [("▁the", -3.0), ("ing", -3.0), ("▁a", -2.5), ("er", -3.0), (".", -3.0), (",", -3.5)]
TEXTS = ["a dog", "The dog is running, the other dog sleeps.", "x", "", "a longer text than all of the others, with many more words in it " * 3,
         "unknown: ÄÖ 7"]


def vary(model):
    """Weights that make a difference: states vary between tokens, routers spread them."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.copy_(1 + 0.3 * torch.randn(weight.shape, generator=generator))
            else:
                scale = 1.0 if "shared" in name or "embed" in name or "bias" in name else weight.shape[-1] ** -0.5
                weight.copy_(scale * torch.randn(weight.shape, generator=generator))
    return model.eval()


def make_encoders(fixtures):
    switch = SwitchTransformersConfig(
        **SHAPE, vocab_size=40, num_experts=5, expert_capacity=2, num_sparse_encoder_layers=1, tie_word_embeddings=False)
    mt5 = MT5Config(**SHAPE, vocab_size=40)
    for name, model in [("tiny-switch-encoder", SwitchTransformersEncoderModel(switch)), ("tiny-mt5-encoder", MT5EncoderModel(mt5))]:
        shutil.rmtree(fixtures / name, ignore_errors=True)
        vary(model).save_pretrained(fixtures / name)
        yield name, model


def make_sentences(directory):
    """A directory as sentence-transformers saves it."""
    shutil.rmtree(directory, ignore_errors=True)
    pieces = list(dict(PIECES).items())
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    parts = directory / "parts"
    encoder = vary(T5EncoderModel(T5Config(**SHAPE, vocab_size=len(pieces) + 2)))
    encoder.save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    dense = Dense(SHAPE["d_model"], 12, bias=False, activation_function=torch.nn.Identity())
    vary(dense)
    model = SentenceTransformer(
        modules=[Transformer(str(parts), max_seq_length=64), Pooling(SHAPE["d_model"], "mean"), dense, Normalize()], device="cpu")
    model.save(str(directory), create_model_card=False)
    shutil.rmtree(parts)
    return model, encoder


@torch.no_grad()
def states(model, prompts):
    model = model.double()
    return [{"prompt": prompt, "states": [rounded(row) for row in model(input_ids=torch.tensor([prompt])).last_hidden_state[0].tolist()]}
            for prompt in prompts]


torch.set_num_threads(1)
fixtures = Path(sys.argv[1])
draw = random.Random(3)
found = {name: states(model, [[draw.randrange(2, 40) for _ in range(length)] + [1] for length in (11, 1, 30)])
         for name, model in make_encoders(fixtures)}
model, encoder = make_sentences(fixtures / "tiny-sentence-t5")
vectors = model.encode(TEXTS, batch_size=2)
prompts = [model.tokenizer(text, truncation=True, max_length=64)["input_ids"] for text in TEXTS]
cases = [{"text": text, "prompt": prompt, "embedding": rounded(vector.tolist())} for text, prompt, vector in zip(TEXTS, prompts, vectors)]
(fixtures / "sentences.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")
found["tiny-sentence-t5"] = states(encoder, prompts[:2])
(fixtures / "states.json").write_text(json.dumps(found) + "\n")
