#!/usr/bin/env python3
"""Writes a dense T5 with random weights that does as much work a token as a Switch checkpoint, for CTranslate2.

    make_dense.py SWITCH_DIR TOKENIZER_DIR OUT_DIR

A switch layer sends a token to one expert, so a T5 of the same widths and depths, without experts, multiplies the same
number of weights for each token. The tokenizer only satisfies the converter; prompts are token ids.
"""
import argparse
import json
import tempfile
from pathlib import Path

import ctranslate2
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

KEPT = ["d_model", "d_ff", "d_kv", "num_heads", "num_layers", "num_decoder_layers", "vocab_size", "tie_word_embeddings",
        "relative_attention_num_buckets", "relative_attention_max_distance", "decoder_start_token_id", "eos_token_id",
        "pad_token_id"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("switch", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    switch = json.loads((arguments.switch / "config.json").read_text())
    model = T5ForConditionalGeneration(T5Config(**{name: switch[name] for name in KEPT}, feed_forward_proj="relu"))
    with tempfile.TemporaryDirectory() as directory:
        model.save_pretrained(directory)
        AutoTokenizer.from_pretrained(arguments.tokenizer).save_pretrained(directory)
        ctranslate2.converters.TransformersConverter(directory).convert(arguments.out, force=True)


if __name__ == "__main__":
    main()
